// SPDX-License-Identifier: Apache-2.0
#include "job/flags.h"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "job/command_checks.h"
#include "runtime/duration_text.h"

namespace taskgraph::job {

CLI::Option* Flags::AddText(const std::string& name, std::string& target,
                            const std::string& help) {
  return app_.add_option(name, target, help)
      ->envname(VariableOf(name))
      ->type_name("TEXT");
}

CLI::Option* Flags::AddList(const std::string& name,
                            std::vector<std::string>& target,
                            const std::string& help) {
  // CLI11's own delimiter would take the next argument for the value of ",".
  const auto take = [&](const auto& lists) { target = SplitAtCommas(lists); };
  return app_.add_option_function<std::vector<std::string>>(name, take, help)
      ->envname(VariableOf(name))
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->type_name("LIST");
}

CLI::Option* Flags::AddNumber(const std::string& name, std::uint32_t& target,
                              std::uint32_t min, std::uint32_t max,
                              const std::string& help) {
  const auto check = [min, max](const std::string& text) {
    return WrongNumber(text, min, max);
  };
  return app_.add_option(name, target, help)
      ->envname(VariableOf(name))
      ->check(CLI::Validator(check, ""))
      ->default_str(std::to_string(target))
      ->type_name("N");
}

CLI::Option* Flags::AddDuration(const std::string& name, Duration& target,
                                Duration min, const std::string& help) {
  const auto check = [min](const std::string& text) {
    return WrongDuration(text, min);
  };
  return app_
      .add_option_function<std::string>(
          name,
          [&target](const std::string& text) {
            target = runtime::ParseDuration(text).value();
          },
          help)
      ->envname(VariableOf(name))
      ->check(CLI::Validator(check, ""))
      ->type_name("TIME")
      ->default_str(runtime::FormatDuration(target));
}

void Flags::AddFlag(const std::string& names, const std::string& variable,
                    bool& target, const std::string& help) {
  app_.add_flag(names, target, help)->envname(variable);
}

}  // namespace taskgraph::job
