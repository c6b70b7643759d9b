// SPDX-License-Identifier: Apache-2.0
#include "source_text.h"

#include <algorithm>
#include <cctype>
#include <cstddef>

namespace house {
namespace {

bool IsWordCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

// Where the comment or literal that begins at `begin` ends; `begin` itself if
// none begins there.
std::size_t EndOfBlank(std::string_view text, std::size_t begin) {
  const auto after = [&](std::string_view closing, std::size_t from) {
    const std::size_t at = text.find(closing, from);
    return at == text.npos ? text.size() : at + closing.size();
  };
  const std::string_view rest = text.substr(begin);
  if (rest.starts_with("//")) return after("\n", begin) - 1;
  if (rest.starts_with("/*")) return after("*/", begin + 2);
  if (rest.starts_with("R\"")) {
    const std::size_t open = text.find('(', begin);
    const std::string tag(text.substr(begin + 2, open - begin - 2));
    return after(")" + tag + "\"", open);
  }
  // A quote inside a number only separates its digits.
  const bool separator =
      rest[0] == '\'' && begin > 0 && IsWordCharacter(text[begin - 1]);
  if ((rest[0] != '"' && rest[0] != '\'') || separator) return begin;
  std::size_t end = begin + 1;
  while (end < text.size() && text[end] != rest[0] && text[end] != '\n') {
    end += text[end] == '\\' ? 2 : 1;
  }
  return std::min(end + 1, text.size());
}

// Does a brace after `head` open a scope that holds functions, rather than be
// part of one?
bool OpensOuterScope(std::string_view head) {
  for (std::string_view word :
       {"namespace", "class", "struct", "union", "extern"}) {
    if (!LinesWith(head, word).empty()) return head.find('(') == head.npos;
  }
  return false;
}

bool OpensList(std::string_view head) {
  const std::size_t last = head.find_last_not_of(" \n\t");
  return !LinesWith(head, "enum").empty() ||
         (last != head.npos && head[last] == '=');
}

}  // namespace

std::string CodeOnly(std::string_view text) {
  std::string code(text);
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t end = EndOfBlank(text, i);
    for (std::size_t j = i; j < end; ++j) {
      if (code[j] != '\n') code[j] = ' ';
    }
    i = std::max(end, i + 1);
  }
  return code;
}

std::vector<std::string_view> Lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::vector<Include> Includes(std::string_view text) {
  std::vector<Include> includes;
  int number = 0;
  for (std::string_view line : Lines(text)) {
    ++number;
    if (!line.starts_with("#include ")) continue;
    const std::size_t open = line.find_first_of("\"<");
    if (open == line.npos) continue;
    const std::size_t close = line.find_first_of("\">", open + 1);
    includes.push_back(
        {number, std::string(line.substr(open + 1, close - open - 1))});
  }
  return includes;
}

std::vector<Function> Functions(std::string_view code) {
  std::vector<Function> functions;
  int line = 1;
  int depth_inside = 0;  // Braces open in the current function or list.
  bool in_function = false;
  std::size_t head_begin = 0;  // Of the text between the last brace or ';'.
  for (std::size_t i = 0; i < code.size(); ++i) {
    const char c = code[i];
    if (c == '\n') ++line;
    if (c == '{') {
      const std::string_view head = code.substr(head_begin, i - head_begin);
      if (depth_inside > 0) {
        ++depth_inside;
      } else if (!OpensOuterScope(head)) {
        depth_inside = 1;
        in_function = !OpensList(head);
        if (in_function) functions.push_back({line, line});
      }
    } else if (c == '}' && depth_inside > 0 && --depth_inside == 0 &&
               in_function) {
      functions.back().last_line = line;
    }
    if (c == '{' || c == '}' || c == ';') head_begin = i + 1;
  }
  return functions;
}

std::vector<int> LinesWith(std::string_view code, std::string_view word) {
  std::vector<int> found;
  int number = 0;
  for (std::string_view line : Lines(code)) {
    ++number;
    for (std::size_t at = line.find(word); at != line.npos;
         at = line.find(word, at + 1)) {
      const std::size_t end = at + word.size();
      const bool begins = at == 0 || !IsWordCharacter(line[at - 1]);
      const bool ends = word.ends_with('(') || end == line.size() ||
                        !IsWordCharacter(line[end]);
      if (begins && ends) {
        found.push_back(number);
        break;
      }
    }
  }
  return found;
}

}  // namespace house
