// SPDX-License-Identifier: Apache-2.0
//
// C++ source as the house's checks see it.
//
// Intuition: no parser, but enough of one. With comments and literals blanked
// out, braces balance, words are words, and the layout that clang-format
// enforces does the rest.
//
// Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace house {

// `text` with each character of comments, string and character literals
// replaced by a space; line breaks stay, so that lines keep their numbers.
std::string CodeOnly(std::string_view text);

// The lines of `text`, without their ends.
std::vector<std::string_view> Lines(std::string_view text);

// One #include of quotes or angle brackets.
struct Include {
  int line = 0;
  std::string path;
};
std::vector<Include> Includes(std::string_view text);

// The body of a function (or a lambda at namespace scope), by its braces.
struct Function {
  int first_line = 0;
  int last_line = 0;
};
// `code` is what CodeOnly returned.
std::vector<Function> Functions(std::string_view code);

// The numbers of the lines on which `word` stands as a whole word; a `word`
// that ends with '(' matches calls only.
std::vector<int> LinesWith(std::string_view code, std::string_view word);

}  // namespace house
