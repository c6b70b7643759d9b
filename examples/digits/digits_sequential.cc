// SPDX-License-Identifier: Apache-2.0
//
// The same training in one plain loop, to compare with:
//
//   digits_sequential [EPOCHS [RESULT_FILE [TASKS]]]
//
// Its result equals that of the tree of as many tasks, bit for bit.
#include <exception>
#include <iostream>
#include <string>

#include "digits/model.h"

int main(int argc, char** argv) try {
  const std::size_t epochs = argc > 1 ? std::stoul(argv[1]) : 300;
  const std::string path = argc > 2 ? argv[2] : "";
  const auto tasks =
      static_cast<taskgraph::TaskId>(argc > 3 ? std::stoul(argv[3]) : 15);

  const digits::Rows rows = digits::ReadRows(DIGITS_DATA);
  const digits::Vector model = digits::Train(rows, tasks, epochs);
  if (!path.empty()) digits::WriteResult(path, model);
  std::cout << digits::Report(model, rows) << '\n';
  return 0;
} catch (const std::exception& error) {
  std::cerr << "digits_sequential: " << error.what() << '\n';
  return 1;
}
