// SPDX-License-Identifier: Apache-2.0
#include "coordination/job_records.h"

#include <charconv>
#include <concepts>
#include <exception>
#include <nlohmann/json.hpp>
#include <utility>

namespace taskgraph::coordination {
namespace {

using Json = nlohmann::json;

// A value that is JSON, but not what a record has there.
class Misplaced : public std::exception {};

// A number as it stands, or not at all: JSON's own conversions cut fractions
// off, and take -1 for a large one.
template <std::integral T>
void Take(const Json& json, T& out) {
  const bool is_negative =
      json.is_number_integer() && !json.is_number_unsigned();
  if (!json.is_number_integer() ||
      (is_negative ? !std::in_range<T>(json.get<std::int64_t>())
                   : !std::in_range<T>(json.get<std::uint64_t>()))) {
    throw Misplaced();
  }
  json.get_to(out);
}
void Take(const Json& json, std::string& out) { json.get_to(out); }
void Take(const Json& json, std::vector<std::string>& out) { json.get_to(out); }

std::int64_t Milliseconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration)
      .count();
}

template <typename T>
std::optional<T> WholeNumber(std::string_view text) {
  T number = 0;
  const char* past = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), past, number);
  if (error != std::errc() || end != past) return std::nullopt;
  return number;
}

// Beside the rest, the tasks that have another number than each, by their ids.
Json BackupsJson(const BackupOptions& backups) {
  Json json = {{"each", backups.each}, {"check_every", backups.check_every}};
  for (const auto& [task, count] : backups.of) {
    json[std::to_string(task)] = count;
  }
  return json;
}

void ReadBackups(const Json& json, BackupOptions& out) {
  for (const auto& [name, count] : json.items()) {
    if (name == "each") {
      Take(count, out.each);
    } else if (name == "check_every") {
      Take(count, out.check_every);
    } else if (const auto task = WholeNumber<TaskId>(name)) {
      Take(count, out.of[*task]);
    } else {
      throw Misplaced();
    }
  }
}

Json OptionsJson(const JobOptions& options) {
  const FailureOptions& failure = options.failure;
  const LimitOptions& limits = options.limits;
  return {
      {"max_failures", failure.max_failures},
      {"heartbeat_timeout_ms", Milliseconds(failure.heartbeat_timeout)},
      {"heartbeat_interval_ms", Milliseconds(failure.heartbeat_interval)},
      {"session_time_ms", Milliseconds(failure.session_time)},
      {"turn_deadline_ms", Milliseconds(failure.turn_deadline)},
      {"exit_grace_ms", Milliseconds(failure.exit_grace)},
      {"status_retention_ms", Milliseconds(failure.status_retention)},
      {"backoff_min_ms", Milliseconds(failure.backoff_min)},
      {"backoff_max_ms", Milliseconds(failure.backoff_max)},
      {"backups", BackupsJson(options.backups)},
      {"held_messages_max", limits.held_messages_max},
      {"held_bytes_max", limits.held_bytes_max},
      {"metas_per_epoch_max", limits.metas_per_epoch_max},
      {"meta_bytes_max", limits.meta_bytes_max},
      {"open_requests_max", limits.open_requests_max},
      {"message_bytes_max", limits.message_bytes_max},
      {"backlog_bytes_max", limits.backlog_bytes_max},
      {"log_bytes_max", limits.log_bytes_max},
  };
}

// Up to a year, as on the command line: such times can be added up.
void ReadTime(const Json& json, const char* name, Duration& out) {
  constexpr std::chrono::milliseconds kLongest = std::chrono::hours(24 * 365);
  std::uint64_t count = 0;
  Take(json.at(name), count);
  if (count > static_cast<std::uint64_t>(kLongest.count())) throw Misplaced();
  out = std::chrono::milliseconds(count);
}

JobOptions OptionsFrom(const Json& json) {
  JobOptions options;
  FailureOptions& failure = options.failure;
  LimitOptions& limits = options.limits;
  Take(json.at("max_failures"), failure.max_failures);
  ReadTime(json, "heartbeat_timeout_ms", failure.heartbeat_timeout);
  ReadTime(json, "heartbeat_interval_ms", failure.heartbeat_interval);
  ReadTime(json, "session_time_ms", failure.session_time);
  ReadTime(json, "turn_deadline_ms", failure.turn_deadline);
  ReadTime(json, "exit_grace_ms", failure.exit_grace);
  ReadTime(json, "status_retention_ms", failure.status_retention);
  ReadTime(json, "backoff_min_ms", failure.backoff_min);
  ReadTime(json, "backoff_max_ms", failure.backoff_max);
  ReadBackups(json.at("backups"), options.backups);
  Take(json.at("held_messages_max"), limits.held_messages_max);
  Take(json.at("held_bytes_max"), limits.held_bytes_max);
  Take(json.at("metas_per_epoch_max"), limits.metas_per_epoch_max);
  Take(json.at("meta_bytes_max"), limits.meta_bytes_max);
  Take(json.at("open_requests_max"), limits.open_requests_max);
  Take(json.at("message_bytes_max"), limits.message_bytes_max);
  Take(json.at("backlog_bytes_max"), limits.backlog_bytes_max);
  Take(json.at("log_bytes_max"), limits.log_bytes_max);
  return options;
}

// Texts from tasks may hold any bytes; JSON wants UTF-8, so others are
// replaced.
std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// What `read` makes of the text; none if it is not the JSON that `read`
// expects.
template <typename T, typename Read>
std::optional<T> Parse(const std::string& text, Read read) {
  try {
    T value;
    read(Json::parse(text), value);
    return value;
  } catch (const Json::exception&) {
    return std::nullopt;
  } catch (const Misplaced&) {
    return std::nullopt;
  }
}

// The names for which two objects do not have the same.
void AddDiffering(const Json& mine, const Json& theirs,
                  const std::string& prefix, std::vector<std::string>& names) {
  for (const auto& [name, value] : mine.items()) {
    if (!theirs.contains(name) || theirs.at(name) != value) {
      names.push_back(prefix + name);
    }
  }
  for (const auto& [name, value] : theirs.items()) {
    if (!mine.contains(name)) names.push_back(prefix + name);
  }
}

constexpr const char* kReasons[] = {"finished", "failed", "killed",
                                    "superseded"};

ExitReason ReasonFrom(const std::string& word) {
  for (std::size_t i = 0; i < std::size(kReasons); ++i) {
    if (word == kReasons[i]) return static_cast<ExitReason>(i);
  }
  return ExitReason::kFailed;
}

}  // namespace

std::optional<std::string> Difference(const JobSpec& mine,
                                      const JobSpec& theirs) {
  const auto differ = [](const std::string& what, const std::string& here,
                         const std::string& there) {
    return "this program has " + what + " " + here + ", the job has " + there;
  };
  if (mine.tasks != theirs.tasks) {
    return differ("a number of tasks of", std::to_string(mine.tasks),
                  std::to_string(theirs.tasks));
  }
  if (mine.links != theirs.links)
    return differ("links", mine.links, theirs.links);
  return std::nullopt;
}

std::vector<std::string> DifferingSettings(const JobSpec& mine,
                                           const JobSpec& theirs) {
  std::vector<std::string> names;
  AddDiffering(Json(mine.config), Json(theirs.config), "config ", names);
  AddDiffering(OptionsJson(mine.options), OptionsJson(theirs.options), "",
               names);
  if (mine.nodes_expected != theirs.nodes_expected) {
    names.push_back("nodes_expected");
  }
  return names;
}

std::optional<TaskId> JobKeys::AssignedTask(std::string_view key) const {
  constexpr std::string_view kFolder = "tasks/";
  constexpr std::string_view kLeaf = "/assignment";
  if (!key.starts_with(root_) || !key.ends_with(kLeaf)) return std::nullopt;
  key.remove_prefix(root_.size());
  if (!key.starts_with(kFolder)) return std::nullopt;
  key.remove_prefix(kFolder.size());
  if (key.size() < kLeaf.size()) return std::nullopt;
  key.remove_suffix(kLeaf.size());
  return WholeNumber<TaskId>(key);
}

std::optional<core::NodeId> JobKeys::RegisteredNode(
    std::string_view key) const {
  const std::string folder = root_ + "nodes/";
  if (!key.starts_with(folder)) return std::nullopt;
  return core::NodeId(key.substr(folder.size()));
}

std::string Encode(const JobSpec& spec) {
  return Dump({{"instance", spec.instance},
               {"tasks", spec.tasks},
               {"links", spec.links},
               {"nodes_expected", spec.nodes_expected},
               {"config", Json(spec.config)},
               {"options", OptionsJson(spec.options)},
               {"token_mark", spec.token_mark}});
}

std::string Encode(const core::Assignment& assignment) {
  return Dump({{"term", assignment.term},
               {"incarnation", assignment.incarnation},
               {"primary", assignment.primary},
               {"backups", assignment.backups},
               {"began", assignment.began},
               {"joining", assignment.joining},
               {"joins", assignment.joins},
               {"failures", assignment.failures},
               {"last_error", assignment.last_error}});
}

std::string Encode(const core::EpochAdvanced& epoch) {
  return Dump({{"generation", epoch.generation}, {"epoch", epoch.epoch}});
}

std::string Encode(const core::NodeRecord& node) {
  return Dump({{"node", node.node},
               {"host", node.host},
               {"slots", node.slots},
               {"reserve", node.reserve},
               {"addresses", node.addresses}});
}

std::string Encode(const core::JobEnd& end) {
  return Dump({{"reason", kReasons[static_cast<std::size_t>(end.reason)]},
               {"code", end.status.code},
               {"message", end.status.message}});
}

std::optional<JobSpec> DecodeSpec(const std::string& text) {
  return Parse<JobSpec>(text, [](const Json& json, JobSpec& spec) {
    Take(json.at("instance"), spec.instance);
    Take(json.at("tasks"), spec.tasks);
    Take(json.at("links"), spec.links);
    Take(json.at("nodes_expected"), spec.nodes_expected);
    spec.token_mark = json.value("token_mark", "");
    for (const auto& [key, value] : json.at("config").items()) {
      spec.config[key] = value.get<std::string>();
    }
    spec.options = OptionsFrom(json.at("options"));
  });
}

std::optional<core::Assignment> DecodeAssignment(const std::string& text) {
  return Parse<core::Assignment>(text, [](const Json& json, auto& assignment) {
    Take(json.at("term"), assignment.term);
    Take(json.at("incarnation"), assignment.incarnation);
    Take(json.at("primary"), assignment.primary);
    Take(json.at("backups"), assignment.backups);
    Take(json.at("began"), assignment.began);
    Take(json.at("joining"), assignment.joining);
    Take(json.at("joins"), assignment.joins);
    Take(json.at("failures"), assignment.failures);
    Take(json.at("last_error"), assignment.last_error);
  });
}

std::optional<core::EpochAdvanced> DecodeEpoch(const std::string& text) {
  return Parse<core::EpochAdvanced>(text, [](const Json& json, auto& epoch) {
    Take(json.at("generation"), epoch.generation);
    Take(json.at("epoch"), epoch.epoch);
  });
}

std::optional<core::NodeRecord> DecodeNode(const std::string& text) {
  return Parse<core::NodeRecord>(text, [](const Json& json, auto& node) {
    Take(json.at("node"), node.node);
    Take(json.at("host"), node.host);
    Take(json.at("slots"), node.slots);
    Take(json.at("reserve"), node.reserve);
    Take(json.at("addresses"), node.addresses);
  });
}

std::optional<core::JobEnd> DecodeEnd(const std::string& text) {
  return Parse<core::JobEnd>(text, [](const Json& json, auto& end) {
    end.reason = ReasonFrom(json.at("reason").get<std::string>());
    Take(json.at("code"), end.status.code);
    Take(json.at("message"), end.status.message);
  });
}

}  // namespace taskgraph::coordination
