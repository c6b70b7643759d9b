// SPDX-License-Identifier: Apache-2.0
//
// Replay: a target's corpus, and a fixed number of spoiled copies of it. It
// learns nothing, but needs no other compiler, takes a second, and does the
// same each time.
//
//   fuzz_TARGET FOLDER [ROUNDS]        tries its files, then so many mutations
//   fuzz_TARGET --write-seeds FOLDER
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz.h"
#include "mutator.h"

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kSeed = 20240229;
constexpr std::string_view kSeedPrefix = "seed-";

// No input may make us reserve more than this; sanitizers need more themselves,
// and have a limit of their own.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
constexpr rlim_t kAddressSpaceMax = rlim_t{1} << 30;
#else
constexpr rlim_t kAddressSpaceMax = RLIM_INFINITY;
#endif

// What is being tried, and where it goes if it is a finding: known to a signal
// handler, which may do nothing but write it down.
struct {
  std::string_view bytes;
  std::string path;
  std::string report;
} trying;

void Write(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

// The last thing that this process does.
void KeepFinding(int signal) {
  std::signal(signal, SIG_DFL);
  const int file =
      ::open(trying.path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file >= 0) {
    Write(file, trying.bytes);
    ::close(file);
    Write(STDERR_FILENO, trying.report);
  }
  std::raise(signal);
}

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string SeedName(std::size_t number) {
  return std::string(kSeedPrefix) + (number < 10 ? "0" : "") +
         std::to_string(number);
}

bool IsSeed(const fs::path& path) {
  return path.filename().string().starts_with(kSeedPrefix);
}

int WriteSeeds(const fs::path& folder) {
  fs::create_directories(folder);
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (IsSeed(entry.path())) fs::remove(entry.path());
  }
  const std::vector<std::string> seeds = fuzz::Seeds();
  for (std::size_t i = 0; i < seeds.size(); ++i) {
    std::ofstream(folder / SeedName(i), std::ios::binary) << seeds[i];
  }
  return 0;
}

// Seeds that are not well formed any more find little.
bool SeedsAreThere(const std::vector<fs::path>& files) {
  const std::vector<std::string> seeds = fuzz::Seeds();
  std::size_t sound = 0;
  for (const fs::path& file : files) {
    if (!IsSeed(file)) continue;
    const auto same = [&](std::size_t i) {
      return file.filename() == SeedName(i) && ReadFile(file) == seeds[i];
    };
    for (std::size_t i = 0; i < seeds.size(); ++i) sound += same(i) ? 1 : 0;
  }
  const auto there = static_cast<std::size_t>(
      std::count_if(files.begin(), files.end(), IsSeed));
  return sound == seeds.size() && there == seeds.size();
}

void TryOne(const std::string& bytes) {
  trying.bytes = bytes;
  fuzz::Try(bytes);
  trying.bytes = {};
}

int Replay(const fs::path& folder, std::uint64_t rounds) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  if (!SeedsAreThere(files)) {
    std::fprintf(stderr,
                 "fuzz: the seeds in %s are not what the code encodes now; "
                 "write them anew: scripts/fuzz --write-seeds\n",
                 folder.c_str());
    return 1;
  }
  std::vector<std::string> corpus;
  for (const fs::path& file : files) corpus.push_back(ReadFile(file));
  for (const std::string& bytes : corpus) TryOne(bytes);
  fuzz::Mutator mutator(corpus, kSeed);
  for (; rounds > 0; --rounds) TryOne(mutator.Next());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "--write-seeds") == 0) {
    return WriteSeeds(argv[2]);
  }
  if (argc < 2 || argc > 3) {
    std::fprintf(stderr, "usage: %s FOLDER [ROUNDS] | --write-seeds FOLDER\n",
                 argv[0]);
    return 2;
  }
  const rlimit limit{kAddressSpaceMax, kAddressSpaceMax};
  ::setrlimit(RLIMIT_AS, &limit);
  trying.path = "finding-" + fs::path(argv[0]).filename().string();
  trying.report = "fuzz: the input is in " + trying.path +
                  "; when the fault is mended, it belongs into the target's "
                  "corpus\n";
  for (const int signal : {SIGABRT, SIGSEGV, SIGFPE, SIGILL, SIGBUS}) {
    std::signal(signal, KeepFinding);
  }
  return Replay(argv[1], argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 0);
}
