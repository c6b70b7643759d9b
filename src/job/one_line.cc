// SPDX-License-Identifier: Apache-2.0
#include "job/one_line.h"

namespace taskgraph::job {
namespace {

bool IsContinuation(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

// U+0080..U+009F, which terminals obey as well.
bool BeginsControl(std::string_view rest) {
  return rest.size() > 1 && rest[0] == '\xc2' && IsContinuation(rest[1]) &&
         static_cast<unsigned char>(rest[1]) < 0xa0;
}

void AppendHex(std::string& out, char c) {
  constexpr const char* kDigits = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  out += "\\x";
  out += kDigits[byte >> 4];
  out += kDigits[byte & 15];
}

void AppendEscaped(std::string& out, char c) {
  if (c == '\n') {
    out += "\\n";
  } else if (c == '\t') {
    out += "\\t";
  } else if (c == '\r') {
    out += "\\r";
  } else {
    AppendHex(out, c);
  }
}

// Whether a line of `size` bytes may go on with `next`: a character of several
// bytes, of four at most, is not cut.
bool HasRoom(std::size_t size, char next) {
  return size < kLineBytesMax + (IsContinuation(next) ? 3 : 0);
}

}  // namespace

std::string OneLine(std::string_view text) {
  std::string line;
  std::size_t at = 0;
  for (; at < text.size() && HasRoom(line.size(), text[at]); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (BeginsControl(text.substr(at))) {
      AppendHex(line, text[at++]);
      AppendHex(line, text[at]);
    } else if (byte < 0x20 || byte == 0x7f) {
      AppendEscaped(line, text[at]);
    } else {
      line += text[at];
    }
  }
  if (at < text.size()) {
    line += "... (" + std::to_string(text.size() - at) + " bytes more)";
  }
  return line;
}

}  // namespace taskgraph::job
