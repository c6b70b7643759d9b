// SPDX-License-Identifier: Apache-2.0
#include "coordination/etcd/credentials.h"

#include <grpc/support/log.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <cstdio>
#include <mutex>
#include <string_view>

namespace taskgraph::coordination {
namespace {

using grpc::experimental::FileWatcherCertificateProvider;

constexpr unsigned kSecondsBetweenLooks = 1;

// gRPC writes a line for each greeting that fails, which any stranger could use
// to fill a disk. Clients hear of it as CoordinatorAway.
void LeaveOutGreetings(gpr_log_func_args* line) {
  const std::string_view file = line->file;
  for (const std::string_view about :
       {"ssl_transport_security.cc", "tls_security_connector.cc"}) {
    if (file.ends_with(about)) return;
  }
  std::fprintf(stderr, "gRPC: %s (%s:%d)\n", line->message, line->file,
               line->line);
}

void Watch(grpc::experimental::TlsCredentialsOptions& options,
           const TlsFiles& files) {
  static std::once_flag once;
  std::call_once(once, [] { gpr_set_log_function(LeaveOutGreetings); });
  options.set_certificate_provider(
      std::make_shared<FileWatcherCertificateProvider>(
          files.key, files.certificate, files.authority, kSecondsBetweenLooks));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
}

}  // namespace

std::shared_ptr<grpc::ChannelCredentials> CredentialsFor(
    const std::string& endpoint, const TlsFiles& files) {
  if (files.empty() || endpoint.starts_with("http://") ||
      endpoint.starts_with("unix:")) {
    return grpc::InsecureChannelCredentials();
  }
  grpc::experimental::TlsChannelCredentialsOptions options;
  Watch(options, files);
  return grpc::experimental::TlsCredentials(options);
}

std::shared_ptr<grpc::ServerCredentials> ServerCredentialsFor(
    const std::string& address, const TlsFiles& files) {
  if (files.empty() || address.starts_with("unix:")) {
    return grpc::InsecureServerCredentials();
  }
  grpc::experimental::TlsServerCredentialsOptions options(nullptr);
  Watch(options, files);
  options.set_cert_request_type(
      GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  return grpc::experimental::TlsServerCredentials(options);
}

}  // namespace taskgraph::coordination
