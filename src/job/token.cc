// SPDX-License-Identifier: Apache-2.0
#include "job/token.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include <cerrno>
#include <fstream>
#include <string_view>

namespace taskgraph::job {
namespace {

// A secret is short, and some files have no end.
constexpr std::size_t kFileBytesMax = 4096;

}  // namespace

Result<std::string> ReadSecret(const std::string& path,
                               const std::string& what) {
  constexpr std::string_view kSpace = " \t\r\n";
  std::ifstream file(path);
  std::string text(kFileBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (!file.is_open() || file.bad()) {
    return Error{ErrorCode::kUnavailable, "can't read the " + what + " file " +
                                              path + ": " + ::strerror(errno)};
  }
  if (text.size() > kFileBytesMax) {
    return Error{ErrorCode::kTooLarge,
                 "the " + what + " file " + path + " has more than " +
                     std::to_string(kFileBytesMax) +
                     " bytes; give a file with a short secret"};
  }
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string::npos) {
    return Error{ErrorCode::kInvalidArgument,
                 "the " + what + " file " + path + " is empty"};
  }
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

Result<std::string> ReadToken(const std::string& path) {
  if (path.empty()) return std::string();
  return ReadSecret(path, "token");
}

// The instance is random, so equal tokens of two runs have different marks.
std::string TokenMark(const std::string& token, const std::string& instance) {
  unsigned char mark[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  const std::string text = "taskgraph token of " + instance;
  ::HMAC(::EVP_sha256(), token.data(), static_cast<int>(token.size()),
         reinterpret_cast<const unsigned char*>(text.data()), text.size(), mark,
         &size);
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    hex += "0123456789abcdef"[mark[i] >> 4];
    hex += "0123456789abcdef"[mark[i] & 15];
  }
  return hex;
}

std::optional<Error> ObjectionToToken(const std::string& token,
                                      const coordination::JobSpec& spec) {
  if (spec.token_mark.empty() ||
      spec.token_mark == TokenMark(token, spec.instance)) {
    return std::nullopt;
  }
  return Error{ErrorCode::kRefused,
               token.empty()
                   ? "the job has a token and this process has none: give the "
                     "--token-file that the job's controller has"
                   : "this process has another token than the job: give the "
                     "--token-file that the job's controller has"};
}

}  // namespace taskgraph::job
