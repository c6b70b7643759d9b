// SPDX-License-Identifier: Apache-2.0
#include "sim/seeds_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "taskgraph/error.h"

namespace taskgraph::sim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class SeedsFileTest : public testing::Test {
 protected:
  SeedsFileTest() : folder_(testing::TempDir() + "/seeds.XXXXXX") {
    if (mkdtemp(folder_.data()) == nullptr) std::abort();
  }
  ~SeedsFileTest() override { std::filesystem::remove_all(folder_); }

  std::string path() const { return folder_ + "/seeds.txt"; }
  void Write(const std::string& text) const { std::ofstream(path()) << text; }

 private:
  std::string folder_;
};

TEST_F(SeedsFileTest, WhatIsAddedIsReadOnceAndInOrder) {
  const SeedsFile file(path());
  EXPECT_TRUE(file.Read().empty());

  file.Add(17, "R10: heard twice\nand more");
  file.Add(3, "progress");
  file.Add(17, "again");

  EXPECT_THAT(file.Read(), ElementsAre(17, 3));
}

TEST_F(SeedsFileTest, RemarksAndEmptyLinesAreForPeople) {
  Write("# Seeds.\n\n 5 # five\n\t18446744073709551615\r\n");
  EXPECT_THAT(SeedsFile(path()).Read(), ElementsAre(5, ~Seed{0}));
}

TEST_F(SeedsFileTest, ALineThatIsNoSeedIsNamed) {
  for (const char* wrong : {"1\nseven\n", "1\n-7\n", "1\n7 8\n"}) {
    Write(wrong);
    try {
      SeedsFile(path()).Read();
      ADD_FAILURE() << wrong;
    } catch (const UsageError& error) {
      EXPECT_THAT(error.what(), HasSubstr("seeds.txt:2: '"));
      EXPECT_THAT(error.what(), HasSubstr("is no seed"));
    }
  }
}

TEST_F(SeedsFileTest, AFileThatCannotBeWrittenIsNamed) {
  const SeedsFile file("/does/not/exist/seeds.txt");
  EXPECT_TRUE(file.Read().empty());
  EXPECT_THROW(file.Add(1, "x"), UsageError);
}

}  // namespace
}  // namespace taskgraph::sim
