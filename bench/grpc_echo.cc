// SPDX-License-Identifier: Apache-2.0
//
// Unary calls by gRPC's callback API: of 16 bytes, between two processes or
// within one, and with answers of many bytes that are never copied into a
// message (ByteBuffer). The figures that ours are compared with. A program of
// its own, so that nothing else here is compiled with gRPC.
//
//   grpc_echo serve ADDRESS              writes a byte to stdout when it serves
//   grpc_echo call ADDRESS TRIPS IN_FLIGHT FILE         writes a Run to FILE
//   grpc_echo within TRIPS IN_FLIGHT FILE
//   grpc_echo fetch ADDRESS TRIPS BYTES FILE
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdio>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "echo.grpc.pb.h"
#include "measure.h"

namespace {

using namespace taskgraph::bench;

using grpc::ByteBuffer;
using Raw = EchoService::WithRawCallbackMethod_Fetch<
    EchoService::WithCallbackMethod_Echo<EchoService::Service>>;

std::string TextOf(const ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string text;
  if (!buffer.Dump(&slices).ok()) Fail("unreadable bytes");
  for (const grpc::Slice& slice : slices) {
    text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return text;
}

class EchoServer final : public Raw {
 public:
  grpc::ServerUnaryReactor* Echo(grpc::CallbackServerContext* context,
                                 const EchoMessage* request,
                                 EchoMessage* response) override {
    response->set_text(request->text());
    return Finish(context);
  }
  // The bytes are made once: what is measured is their transfer. One caller at
  // a time.
  grpc::ServerUnaryReactor* Fetch(grpc::CallbackServerContext* context,
                                  const ByteBuffer* request,
                                  ByteBuffer* response) override {
    const std::size_t size = std::stoul(TextOf(*request));
    if (bytes_.size() != size) bytes_ = grpc::Slice(std::string(size, 'x'));
    *response = ByteBuffer(&bytes_, 1);
    return Finish(context);
  }

 private:
  static grpc::ServerUnaryReactor* Finish(
      grpc::CallbackServerContext* context) {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

  grpc::Slice bytes_;
};

// No address: it is called from within this process only.
std::unique_ptr<grpc::Server> Start(EchoServer& service,
                                    const std::string& address) {
  grpc::ServerBuilder builder;
  if (!address.empty()) {
    builder.AddListeningPort(address, grpc::InsecureServerCredentials());
  }
  builder.RegisterService(&service);
  return builder.BuildAndStart();
}

std::shared_ptr<grpc::Channel> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(),
                                   arguments);
}

int Serve(const std::string& address) {
  EchoServer service;
  const auto server = Start(service, address);
  if (server == nullptr || ::write(STDOUT_FILENO, "+", 1) != 1) return 1;
  server->Wait();
  return 0;
}

// Calls over and over, `in_flight` at a time, from within the callbacks.
class Caller {
 public:
  Caller(const std::shared_ptr<grpc::Channel>& channel, std::size_t trips)
      : stub_(EchoService::NewStub(channel)), trips_(trips) {
    run_.times_us.reserve(trips);
  }

  Run Measure(int in_flight) {
    std::vector<Call> calls(static_cast<std::size_t>(in_flight));
    const auto begin = Clock::now();
    for (Call& call : calls) Begin(call);
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [&] { return answered_ == trips_; });
    run_.elapsed_us = MicrosecondsSince(begin);
    return run_;
  }

 private:
  struct Call {
    std::unique_ptr<grpc::ClientContext> context;
    EchoMessage request, response;
    Clock::time_point start;
  };

  void Begin(Call& call) {
    {
      const std::lock_guard lock(mutex_);
      if (begun_ == trips_) return;
      ++begun_;
    }
    call.context = std::make_unique<grpc::ClientContext>();
    call.request.set_text(std::string(16, 'x'));
    call.start = Clock::now();
    stub_->async()->Echo(call.context.get(), &call.request, &call.response,
                         [this, &call](const grpc::Status& status) {
                           if (!status.ok()) Fail(status.error_message());
                           End(call);
                         });
  }

  void End(Call& call) {
    {
      const std::lock_guard lock(mutex_);
      run_.times_us.push_back(MicrosecondsSince(call.start));
      if (++answered_ == trips_) return ended_.notify_all();
    }
    Begin(call);
  }

  std::unique_ptr<EchoService::Stub> stub_;
  const std::size_t trips_;
  std::mutex mutex_;  // Of all below.
  std::condition_variable ended_;
  std::size_t begun_ = 0, answered_ = 0;
  Run run_;
};

Run CallWithin(std::size_t trips, int in_flight) {
  EchoServer service;
  const auto server = Start(service, {});
  return Caller(server->InProcessChannel({}), trips).Measure(in_flight);
}

// One call after the other; what has come is looked at as it lies.
Run Fetch(const std::string& address, int trips, const std::string& bytes) {
  grpc::GenericStub stub(Connect(address));
  const grpc::Slice question(bytes);
  Run run;
  const auto begin = Clock::now();
  for (int i = 0; i < trips; ++i) {
    const auto start = Clock::now();
    grpc::ClientContext context;
    const ByteBuffer request(&question, 1);
    ByteBuffer response;
    std::promise<grpc::Status> answered;
    stub.UnaryCall(&context, "/taskgraph.bench.EchoService/Fetch", {}, &request,
                   &response, [&answered](grpc::Status status) {
                     answered.set_value(std::move(status));
                   });
    const grpc::Status status = answered.get_future().get();
    if (!status.ok()) Fail(status.error_message());
    run.times_us.push_back(MicrosecondsSince(start));
    if (response.Length() != std::stoul(bytes)) Fail("a short answer");
  }
  run.elapsed_us = MicrosecondsSince(begin);
  return run;
}

}  // namespace

int main(int argc, char** argv) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const std::vector<std::string> words(argv + 1, argv + argc);
  const std::string role = words.empty() ? "" : words[0];
  if (role == "serve" && words.size() == 2) return Serve(words[1]);
  if (role == "call" && words.size() == 5) {
    Caller(Connect(words[1]), std::stoul(words[2]))
        .Measure(std::stoi(words[3]))
        .Save(words[4]);
  } else if (role == "within" && words.size() == 4) {
    CallWithin(std::stoul(words[1]), std::stoi(words[2])).Save(words[3]);
  } else if (role == "fetch" && words.size() == 5) {
    Fetch(words[1], std::stoi(words[2]), words[3]).Save(words[4]);
  } else {
    std::fprintf(stderr,
                 "usage: grpc_echo serve|call|fetch ADDRESS ... | "
                 "within TRIPS IN_FLIGHT FILE\n");
    return 2;
  }
  return 0;
}
