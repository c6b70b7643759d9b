// SPDX-License-Identifier: Apache-2.0
#include "digits/atomic_file.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace digits {

AtomicFile::AtomicFile(std::string path)
    : path_(std::move(path)), draft_(path_ + ".XXXXXX") {
  const int descriptor = mkstemp(draft_.data());
  if (descriptor < 0) Fail("create");
  fchmod(descriptor, 0644);  // mkstemp lets nobody else read.
  file_ = fdopen(descriptor, "w");
}

AtomicFile::~AtomicFile() {
  if (file_ != nullptr) std::fclose(file_);
  if (!draft_.empty()) unlink(draft_.c_str());
}

void AtomicFile::Write(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), file_) != text.size()) {
    Fail("write");
  }
}

void AtomicFile::Publish() {
  // A full disk is often noticed only here.
  if (std::fflush(file_) != 0 || fsync(fileno(file_)) != 0) Fail("write");
  if (std::fclose(std::exchange(file_, nullptr)) != 0) Fail("write");
  if (std::rename(draft_.c_str(), path_.c_str()) != 0) Fail("create");
  draft_.clear();
}

void AtomicFile::Fail(const char* what) const {
  throw std::runtime_error(std::string("cannot ") + what + " " + path_ + ": " +
                           std::generic_category().message(errno));
}

}  // namespace digits
