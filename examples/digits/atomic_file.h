// SPDX-License-Identifier: Apache-2.0
//
// AtomicFile: a file that appears whole, or not at all.
//
// Intuition: write beside it, then rename. Whoever is killed in between leaves
// the old file; two writers leave one of their two files, never a mixture.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

namespace digits {

class AtomicFile {
 public:
  // All functions throw std::runtime_error that names the file and the cause.
  explicit AtomicFile(std::string path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void Write(std::string_view text);

  // Makes what was written the file at `path`. Call it once, at the end.
  void Publish();

 private:
  [[noreturn]] void Fail(const char* what) const;

  std::string path_;
  std::string draft_;  // Where it is written; empty once it is published.
  std::FILE* file_ = nullptr;
};

}  // namespace digits
