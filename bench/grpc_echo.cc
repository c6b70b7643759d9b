// SPDX-License-Identifier: Apache-2.0
//
// Unary calls of 16 bytes by gRPC's callback API, between two processes; the
// figures that ours are compared with. A program of its own, so that nothing
// else here is compiled with gRPC.
//
//   grpc_echo serve ADDRESS              writes a byte to stdout when it serves
//   grpc_echo call ADDRESS TRIPS IN_FLIGHT FILE         writes a Run to FILE
#include <grpcpp/grpcpp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "echo.grpc.pb.h"
#include "measure.h"

namespace {

using namespace taskgraph::bench;

class EchoServer final : public EchoService::CallbackService {
  grpc::ServerUnaryReactor* Echo(grpc::CallbackServerContext* context,
                                 const EchoMessage* request,
                                 EchoMessage* response) override {
    response->set_text(request->text());
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

int Serve(const std::string& address) {
  EchoServer service;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, grpc::InsecureServerCredentials());
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || ::write(STDOUT_FILENO, "+", 1) != 1) return 1;
  server->Wait();
  return 0;
}

// Calls over and over, `in_flight` at a time, from within the callbacks.
class Caller {
 public:
  Caller(const std::string& address, std::size_t trips)
      : stub_(EchoService::NewStub(
            grpc::CreateChannel(address, grpc::InsecureChannelCredentials()))),
        trips_(trips) {
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

}  // namespace

int main(int argc, char** argv) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const std::string_view role = argc > 1 ? argv[1] : "";
  if (role == "serve" && argc == 3) return Serve(argv[2]);
  if (role != "call" || argc != 6) {
    std::fprintf(stderr, "usage: grpc_echo serve|call ADDRESS ...\n");
    return 2;
  }
  Caller(argv[2], std::strtoul(argv[3], nullptr, 10))
      .Measure(std::atoi(argv[4]))
      .Save(argv[5]);
  return 0;
}
