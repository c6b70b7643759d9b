// SPDX-License-Identifier: Apache-2.0
#include "job/private_folder.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "job/token.h"

namespace taskgraph::job {
namespace {

namespace fs = std::filesystem;

class PrivateFolderTest : public testing::Test {
 protected:
  PrivateFolderTest() {
    std::string path = "/tmp/folder-test-XXXXXX";
    parent_ = ::mkdtemp(path.data());
    ::setenv("XDG_RUNTIME_DIR", parent_.c_str(), 1);
  }
  ~PrivateFolderTest() override {
    ::unsetenv("XDG_RUNTIME_DIR");
    fs::remove_all(parent_);
  }

  static mode_t ModeOf(const fs::path& path) {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return status.st_mode & 0777;
  }

  fs::path parent_;
};

TEST_F(PrivateFolderTest, IsForThisUserOnlyAndGoneWithItsOwner) {
  std::string path;
  {
    const auto folder = PrivateFolder::Make();
    ASSERT_TRUE(folder.ok());
    const auto secret = folder->WriteSecret("token", "sesame");
    ASSERT_TRUE(secret.ok());
    path = fs::path(*secret).parent_path();

    EXPECT_EQ(fs::path(path).parent_path(), parent_);
    EXPECT_EQ(ModeOf(path), 0700U);
    EXPECT_EQ(ModeOf(*secret), 0600U);
    EXPECT_EQ(*ReadToken(*secret), "sesame");
  }

  EXPECT_FALSE(fs::exists(path));
}

TEST_F(PrivateFolderTest, HasPathsThatAreShortEnoughForSockets) {
  const fs::path deep = parent_ / std::string(80, 'd');
  fs::create_directory(deep);
  ::setenv("XDG_RUNTIME_DIR", deep.c_str(), 1);
  ::setenv("TMPDIR", deep.c_str(), 1);

  const auto folder = PrivateFolder::Make();

  ::unsetenv("TMPDIR");
  ASSERT_TRUE(folder.ok());
  EXPECT_LT(folder->PathOf("n99999-01234567.sock").size(), 107U);
}

TEST_F(PrivateFolderTest, WhatAnOwnerThatWasKilledLeftIsSweptOut) {
  const fs::path left = parent_ / "taskgraph-run-left";
  fs::create_directory(left);
  std::ofstream(left / "owner.lock").flush();
  std::ofstream(left / "token") << "sesame";

  const auto next = PrivateFolder::Make();

  EXPECT_FALSE(fs::exists(left));
}

TEST_F(PrivateFolderTest, NothingElseIsSweptOut) {
  const fs::path unmarked = parent_ / "taskgraph-run-unmarked";
  const fs::path foreign = parent_ / "taskgraph-data";
  for (const fs::path& folder : {unmarked, foreign}) {
    fs::create_directory(folder);
    std::ofstream(folder / "file") << "text";
  }
  std::ofstream(foreign / "owner.lock").flush();
  const auto alive = PrivateFolder::Make();
  ASSERT_TRUE(alive->WriteSecret("token", "sesame").ok());

  const auto next = PrivateFolder::Make();

  EXPECT_TRUE(fs::exists(unmarked / "file"));
  EXPECT_TRUE(fs::exists(foreign / "file"));
  EXPECT_TRUE(fs::exists(alive->PathOf("token")));
}

TEST_F(PrivateFolderTest, ATokenIsReadWithoutTheSpaceAroundIt) {
  const fs::path file = parent_ / "token";
  std::ofstream(file) << " sesame\n";
  EXPECT_EQ(*ReadToken(file), "sesame");

  std::ofstream(file) << "\n";
  EXPECT_NE(ReadToken(file).error().message.find("empty"), std::string::npos);
  EXPECT_NE(ReadToken(parent_ / "none").error().message.find("none"),
            std::string::npos);
}

TEST_F(PrivateFolderTest, AnotherTokenThanTheJobsIsNoticed) {
  coordination::JobSpec spec;
  spec.instance = "1234";
  spec.token_mark = TokenMark("sesame", spec.instance);

  EXPECT_FALSE(ObjectionToToken("sesame", spec));
  EXPECT_TRUE(ObjectionToToken("tahini", spec));
  EXPECT_TRUE(ObjectionToToken("", spec));
  EXPECT_EQ(spec.token_mark.find("sesame"), std::string::npos);
}

}  // namespace
}  // namespace taskgraph::job
