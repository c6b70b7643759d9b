// SPDX-License-Identifier: Apache-2.0
//
// A check that can't fail is worth nothing: each rule is shown a tree that
// breaks it, and one that does not.
#include "house_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "source_text.h"

namespace house {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr char kSpdx[] = "// SPDX-License-Identifier: Apache-2.0\n";

std::string Source(const std::string& text) { return kSpdx + text; }

std::string Repeat(const std::string& line, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += line;
  return text;
}

// A tree of two modules where `upper` may know `lower`.
Tree TwoModules() {
  return {
      {"src/lower/CMakeLists.txt",
       "taskgraph_module(lower\n  SOURCES low.cc)\n"},
      {"src/lower/low.h", Source("#pragma once\n")},
      {"src/lower/low.cc", Source("#include \"lower/low.h\"\n")},
      {"src/upper/CMakeLists.txt",
       "taskgraph_module(upper\n  DEPENDS lower   # Below.\n"
       "  SOURCES up.cc\n  TESTS up_test.cc)\n"},
      {"src/upper/up.h", Source("#pragma once\n")},
      {"src/upper/up.cc", Source("#include \"lower/low.h\"\n")},
      {"src/upper/up_test.cc", Source("#include \"upper/up.h\"\n")},
  };
}

TEST(SourceText, CommentsAndLiteralsAreNotCode) {
  EXPECT_EQ(CodeOnly("a // b\nc"), "a     \nc");
  EXPECT_EQ(CodeOnly("a /* b\n */ c"), "a     \n    c");
  EXPECT_EQ(CodeOnly(R"(f("}\"{") + '{')"), "f(      ) +    ");
  EXPECT_EQ(CodeOnly("x = R\"t({)\")t\";"), "x =           ;");
  EXPECT_EQ(CodeOnly("1'000'000"), "1'000'000");
}

TEST(SourceText, AFunctionIsMeasuredWhereverItStands) {
  const auto sizes = [](std::string_view code) {
    std::vector<int> lines;
    for (const Function& function : Functions(code)) {
      lines.push_back(function.last_line - function.first_line + 1);
    }
    return lines;
  };
  EXPECT_THAT(sizes("namespace a {\nint f() {\nif (x) {\n}\n}\n}\n"),
              ElementsAre(4));
  EXPECT_THAT(sizes("struct S {\nint f() { return 1; }\nvoid g() {\n}\n};"),
              ElementsAre(1, 2));
  EXPECT_THAT(sizes("struct S* f() {\n\n}"), ElementsAre(3));
  EXPECT_THAT(sizes("enum class E {\na,\nb\n};\nint x[] = {\n1,\n2};"),
              IsEmpty());
}

TEST(House, AnOrderlyTreePasses) {
  Tree tree = TwoModules();
  for (auto& [path, text] : tree) {
    if (path.ends_with(".txt")) {
      text = "# SPDX-License-Identifier: Apache-2.0\n" + text;
    }
  }
  EXPECT_THAT(CheckHouse(tree), IsEmpty());
}

TEST(House, AFileBeginsWithItsLicense) {
  EXPECT_THAT(CheckHeads({{"src/a/a.cc", "int a;\n"}}), SizeIs(1));
  EXPECT_THAT(CheckHeads({{"src/a/CMakeLists.txt", "add()\n"}}), SizeIs(1));
}

TEST(House, AHeaderIsReadOnce) {
  EXPECT_THAT(CheckHeads({{"src/a/a.h", Source("int a;\n")}}), SizeIs(1));
}

TEST(House, NothingIsLeftOver) {
  const Tree tree = {{"src/a/a.cc", Source("// TODO: think.\n// FIXME\n")}};
  EXPECT_THAT(CheckHeads(tree), SizeIs(2));
}

TEST(House, FilesStaySmall) {
  const auto with = [](const std::string& path, int lines) {
    return CheckSizes({{path, Repeat("\n", lines)}});
  };
  EXPECT_THAT(with("src/a/a.h", 200), IsEmpty());
  EXPECT_THAT(with("src/a/a.h", 201), SizeIs(1));
  EXPECT_THAT(with("src/a/a.cc", 400), IsEmpty());
  EXPECT_THAT(with("src/a/a.cc", 401), SizeIs(1));
  EXPECT_THAT(with("src/a/a_test.cc", 600), IsEmpty());
  EXPECT_THAT(with("src/a/a_test.cc", 601), SizeIs(1));
}

TEST(House, FunctionsStaySmall) {
  const auto with = [](int lines) {
    return CheckSizes(
        {{"src/a/a.cc", "void f() {\n" + Repeat("g();\n", lines) + "}\n"}});
  };
  EXPECT_THAT(with(68), IsEmpty());
  EXPECT_THAT(with(69), SizeIs(1));
}

TEST(House, ClocksChanceAndThreadsAreBannedByNameNotByComment) {
  for (const char* call :
       {"std::this_thread::sleep_for(1s);", "usleep(5);", "sleep(1);",
        "auto t = std::chrono::system_clock::now();", "t = time(nullptr);",
        "auto t = std::chrono::steady_clock::now();", "int i = rand();",
        "std::random_device seed;", "std::thread worker(f);"}) {
    EXPECT_THAT(CheckCalls({{"src/a/a.cc", call}}), SizeIs(1)) << call;
    const std::string comment = std::string("// ") + call;
    EXPECT_THAT(CheckCalls({{"src/a/a.cc", comment}}), IsEmpty()) << call;
  }
  EXPECT_THAT(CheckCalls({{"src/a/a.cc", "brand(); Lifetime(x);"}}), IsEmpty());
}

TEST(House, ATestMayHaveThreadsButNotSleep) {
  EXPECT_THAT(CheckCalls({{"src/a/a_test.cc", "std::thread t(f);"}}),
              IsEmpty());
  EXPECT_THAT(CheckCalls({{"src/a/a_test.cc", "sleep_for(1s);"}}), SizeIs(1));
}

TEST(House, APermitIsForOneFileAndOneWord) {
  const std::string call = "std::thread t(f); system_clock::now();";
  EXPECT_THAT(CheckCalls({{"src/runtime/loop.cc", call}}), SizeIs(1));
  EXPECT_THAT(CheckCalls({{"src/runtime/node.cc", call}}), SizeIs(2));
}

TEST(House, IncludesFollowTheLinkLines) {
  Tree tree = TwoModules();
  EXPECT_THAT(CheckIncludes(tree), IsEmpty());

  tree["src/lower/low.cc"] += "#include \"upper/up.h\"\n";
  EXPECT_THAT(CheckIncludes(tree), SizeIs(1));
}

TEST(House, TwoModulesOfOneFolderAreToldApart) {
  Tree tree = TwoModules();
  tree["src/lower/CMakeLists.txt"] +=
      "taskgraph_module(adapter\n  DEPENDS lower\n  SOURCES adapter/a.cc)\n";
  tree["src/lower/adapter/a.h"] = Source("#pragma once\n");
  tree["src/lower/adapter/a.cc"] = Source("#include \"lower/low.h\"\n");
  EXPECT_THAT(CheckIncludes(tree), IsEmpty());

  tree["src/lower/low.cc"] += "#include \"lower/adapter/a.h\"\n";
  tree["src/upper/up.cc"] += "#include \"lower/adapter/a.h\"\n";
  EXPECT_THAT(CheckIncludes(tree), SizeIs(2));
}

TEST(House, EverySourceBelongsToAModule) {
  Tree tree = TwoModules();
  tree["src/stray/stray.cc"] = Source("");
  EXPECT_THAT(CheckIncludes(tree), SizeIs(1));
}

TEST(House, AnExampleKnowsThePublicHeadersOnly) {
  Tree tree = TwoModules();
  tree["include/taskgraph/task.h"] = Source("#pragma once\n");
  tree["examples/e/e.cc"] = Source("#include \"taskgraph/task.h\"\n");
  EXPECT_THAT(CheckIncludes(tree), IsEmpty());

  tree["examples/e/e.cc"] += "#include \"lower/low.h\"\n";
  EXPECT_THAT(CheckIncludes(tree), SizeIs(1));
}

TEST(House, TheCoreIsPure) {
  Tree tree = {
      {"src/core/CMakeLists.txt", "taskgraph_module(core SOURCES core.cc)\n"}};
  for (const char* header :
       {"<thread>", "<mutex>", "<sys/epoll.h>", "<grpcpp/grpcpp.h>",
        "<google/protobuf/message.h>", "<spdlog/spdlog.h>", "<iostream>"}) {
    tree["src/core/core.cc"] = Source(std::string("#include ") + header + "\n");
    EXPECT_THAT(CheckIncludes(tree), SizeIs(1)) << header;
  }
}

}  // namespace
}  // namespace house
