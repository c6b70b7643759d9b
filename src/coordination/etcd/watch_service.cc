// SPDX-License-Identifier: Apache-2.0
#include "coordination/etcd/watch_service.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "coordination/etcd/server_stream.h"

namespace taskgraph::coordination {
namespace {

using Create = pb::WatchCreateRequest;

// As etcd reads it: an empty key is the first possible one.
KeyRange WatchedRange(const Create& create) {
  if (create.key().empty()) {
    return {std::string(1, '\0'), create.range_end()};
  }
  return RangeFromWire(create.key(), create.range_end());
}

bool FiltersOut(const Create& create, Change::Kind kind) {
  for (const int filter : create.filters()) {
    if (filter == Create::NOPUT && kind == Change::Kind::kPut) return true;
    if (filter == Create::NODELETE && kind == Change::Kind::kDelete) {
      return true;
    }
  }
  return false;
}

// The watches of one stream. Handle and Ended run on gRPC's threads, Tell on
// the store's.
class WatchStream final
    : public ServerStream<pb::WatchRequest, pb::WatchResponse> {
 public:
  WatchStream(SharedStore& store, const ServerIdentity& self,
              const EtcdServerOptions& options)
      : ServerStream(options.unread_bytes_max),
        watches_max_(options.watches_max),
        store_(store),
        self_(self) {}

 private:
  // A watch as its client named it.
  struct Named {
    std::int64_t id = 0;
    Create create;
  };

  void Handle(const pb::WatchRequest& request) override {
    if (request.has_create_request()) {
      Add(request.create_request());
    } else if (request.has_cancel_request()) {
      Cancel(request.cancel_request().watch_id());
    } else if (request.has_progress_request()) {
      TellProgress();
    }
  }

  void Ended() override {
    for (const auto& [id, store_id] : watches_) {
      store_.Unwatch(store_id, [] {});
    }
  }

  void Add(const Create& create) {
    if (watches_.size() >= watches_max_) {
      Refuse("this stream has watches_max = " + std::to_string(watches_max_) +
             " watches; cancel one, or open another stream");
      return;
    }
    std::int64_t id = create.watch_id();
    if (id == 0) {
      while (watches_.contains(next_id_)) ++next_id_;
      id = next_id_++;
    }
    const WatchId store_id = store_.NewWatchId();
    if (!watches_.emplace(id, store_id).second) {
      Refuse("mvcc: duplicate watch ID provided on the WatchStream");
      return;
    }
    WatchRequest watch;
    watch.range = WatchedRange(create);
    watch.from = create.start_revision();
    watch.previous = create.prev_kv() ? Previous::kWanted : Previous::kUnwanted;
    const auto self = std::static_pointer_cast<WatchStream>(shared_from_this());
    store_.Watch(store_id, std::move(watch),
                 [self, named = Named{id, create}](const WatchNotice& notice) {
                   self->Tell(named, notice);
                 });
  }

  void Refuse(const std::string& why) {
    pb::WatchResponse response;
    response.set_watch_id(-1);
    response.set_created(true);
    response.set_canceled(true);
    response.set_cancel_reason(why);
    Answer(std::move(response));
  }

  void Cancel(std::int64_t id) {
    const auto found = watches_.find(id);
    if (found == watches_.end()) return;
    const auto self = std::static_pointer_cast<WatchStream>(shared_from_this());
    store_.Unwatch(found->second, [self, id] {
      pb::WatchResponse response;
      response.set_watch_id(id);
      response.set_canceled(true);
      self->SignAndAnswer(self->seen_, std::move(response));
    });
    watches_.erase(found);
  }

  // All watches here are up to date with the store whenever it answers.
  void TellProgress() {
    const auto self = std::static_pointer_cast<WatchStream>(shared_from_this());
    store_.Status([self](Revision revision, const Outcome<StoreStatus>&) {
      pb::WatchResponse response;
      response.set_watch_id(-1);
      self->SignAndAnswer(revision, std::move(response));
    });
  }

  void Tell(const Named& named, const WatchNotice& notice) {
    pb::WatchResponse response;
    response.set_watch_id(named.id);
    if (const auto* started = std::get_if<WatchStarted>(&notice)) {
      response.set_created(true);
      seen_ = started->revision;
    } else if (const auto* compacted = std::get_if<WatchCompacted>(&notice)) {
      response.set_canceled(true);
      response.set_compact_revision(compacted->compacted);
    } else {
      const auto& advanced = std::get<WatchAdvanced>(notice);
      seen_ = advanced.changes.revision;
      AddEvents(named.create, advanced, response);
      if (response.events().empty()) return;
    }
    SignAndAnswer(seen_, std::move(response));
  }

  static void AddEvents(const Create& create, const WatchAdvanced& advanced,
                        pb::WatchResponse& response) {
    for (std::size_t i = 0; i < advanced.changes.changes.size(); ++i) {
      const Change& change = advanced.changes.changes[i];
      if (FiltersOut(create, change.kind)) continue;
      pb::Event& event = *response.add_events();
      ToWire(change, event);
      if (!advanced.previous.empty() && advanced.previous[i]) {
        ToWire(*advanced.previous[i], *event.mutable_prev_kv());
      }
    }
  }

  void SignAndAnswer(Revision revision, pb::WatchResponse response) {
    self_.Sign(revision, *response.mutable_header());
    Answer(std::move(response));
  }

  const std::size_t watches_max_;
  SharedStore& store_;
  const ServerIdentity self_;  // A copy: streams may outlive the server.
  Revision seen_ = 0;          // The store's thread's own.
  std::int64_t next_id_ = 0;
  std::map<std::int64_t, WatchId> watches_;
};

}  // namespace

grpc::ServerBidiReactor<pb::WatchRequest, pb::WatchResponse>*
WatchService::Watch(grpc::CallbackServerContext*) {
  const auto stream = std::make_shared<WatchStream>(store_, self_, options_);
  stream->Start();
  return stream.get();
}

}  // namespace taskgraph::coordination
