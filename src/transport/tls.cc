// SPDX-License-Identifier: Apache-2.0
#include "transport/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace taskgraph::transport {
namespace {

// A record, the largest unit of TLS, and a little.
constexpr std::size_t kRoomBytes = 20 << 10;

using Context = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;

// What OpenSSL complained of last on this thread.
std::string LastComplaint() {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "unknown error";
}

Error Wrong(const std::string& what) {
  ERR_clear_error();
  return {ErrorCode::kInvalidArgument, what};
}

std::optional<Error> Unreadable(const std::string& path, const char* what) {
  if (::access(path.c_str(), R_OK) == 0) return std::nullopt;
  return Wrong(std::string("the ") + what + " '" + path +
               "' can't be read: " + std::strerror(errno));
}

// A key with a passphrase is refused; nobody is here to be asked.
int NoPassphrase(char*, int, int, void*) { return 0; }

// Would others accept it?
std::optional<Error> ObjectionToOwn(SSL_CTX* context, const TlsFiles& files) {
  const std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)> check(
      X509_STORE_CTX_new(), &X509_STORE_CTX_free);
  STACK_OF(X509)* chain = nullptr;
  SSL_CTX_get0_chain_certs(context, &chain);
  for (const int purpose : {X509_PURPOSE_SSL_CLIENT, X509_PURPOSE_SSL_SERVER}) {
    X509_STORE_CTX_init(check.get(), SSL_CTX_get_cert_store(context),
                        SSL_CTX_get0_certificate(context), chain);
    X509_STORE_CTX_set_purpose(check.get(), purpose);
    if (X509_verify_cert(check.get()) == 1) continue;
    const int why = X509_STORE_CTX_get_error(check.get());
    const char* use = purpose == X509_PURPOSE_SSL_CLIENT ? "client" : "server";
    return Wrong("the certificate '" + files.certificate +
                 "' would not be accepted by others with the authority '" +
                 files.authority + "', as a " + use +
                 "'s: " + X509_verify_cert_error_string(why));
  }
  return std::nullopt;
}

Result<Context> ReadFiles(const TlsFiles& files) {
  for (const auto& [path, what] : {std::pair(files.certificate, "certificate"),
                                   {files.key, "private key"},
                                   {files.authority, "authority"}}) {
    if (auto error = Unreadable(path, what)) return *std::move(error);
  }
  ERR_clear_error();
  Context context(SSL_CTX_new(TLS_method()), &SSL_CTX_free);
  SSL_CTX* raw = context.get();
  SSL_CTX_set_min_proto_version(raw, TLS1_3_VERSION);
  SSL_CTX_set_verify(raw, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                     nullptr);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(raw, 0);
  SSL_CTX_set_default_passwd_cb(raw, NoPassphrase);
  if (SSL_CTX_use_certificate_chain_file(raw, files.certificate.c_str()) != 1) {
    return Wrong("'" + files.certificate +
                 "' holds no certificate in PEM: " + LastComplaint());
  }
  if (SSL_CTX_use_PrivateKey_file(raw, files.key.c_str(), SSL_FILETYPE_PEM) !=
      1) {
    // With the wrong key it knows already that they do not fit.
    return Wrong("'" + files.key +
                 "' holds no private key in PEM, without a "
                 "passphrase, that fits the certificate '" +
                 files.certificate + "': " + LastComplaint());
  }
  if (SSL_CTX_load_verify_locations(raw, files.authority.c_str(), nullptr) !=
      1) {
    return Wrong(
        "'" + files.authority +
        "' holds no authority's certificate in PEM: " + LastComplaint());
  }
  if (auto error = ObjectionToOwn(raw, files)) return *std::move(error);
  return context;
}

}  // namespace

// --- OpenSSL's way to the buffers of a session ---

struct WireEnd {
  static TlsSession& Of(BIO* bio) {
    return *static_cast<TlsSession*>(BIO_get_data(bio));
  }

  static int Read(BIO* bio, char* into, std::size_t size, std::size_t* count) {
    TlsSession& session = Of(bio);
    BIO_clear_retry_flags(bio);
    *count = std::min(size, session.in_end_ - session.in_begin_);
    if (*count == 0) {
      BIO_set_retry_read(bio);
      return 0;
    }
    std::memcpy(into, session.in_.data() + session.in_begin_, *count);
    session.in_begin_ += *count;
    return 1;
  }

  static int Write(BIO* bio, const char* from, std::size_t size,
                   std::size_t* count) {
    const auto* bytes = reinterpret_cast<const std::byte*>(from);
    std::vector<std::byte>& out = Of(bio).out_;
    out.insert(out.end(), bytes, bytes + size);
    *count = size;
    return 1;
  }

  static long Control(BIO*, int command, long, void*) {
    return command == BIO_CTRL_FLUSH ? 1 : 0;
  }

  static BIO* Make(TlsSession& session) {
    static BIO_METHOD* const method = [] {
      BIO_METHOD* made = BIO_meth_new(
          BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "taskgraph wire");
      BIO_meth_set_read_ex(made, &WireEnd::Read);
      BIO_meth_set_write_ex(made, &WireEnd::Write);
      BIO_meth_set_ctrl(made, &WireEnd::Control);
      return made;
    }();
    BIO* bio = BIO_new(method);
    BIO_set_data(bio, &session);
    BIO_set_init(bio, 1);
    return bio;
  }
};

// --- TlsSession ---

TlsSession::TlsSession(SSL_CTX& context, Role role)
    : ssl_(SSL_new(&context)), in_(kRoomBytes) {
  BIO* const bio = WireEnd::Make(*this);
  SSL_set_bio(ssl_, bio, bio);  // Owns it from now on.
  if (role == Role::kClient) {
    SSL_set_connect_state(ssl_);
  } else {
    SSL_set_accept_state(ssl_);
  }
}

TlsSession::~TlsSession() { SSL_free(ssl_); }

std::span<std::byte> TlsSession::Room() {
  if (in_begin_ > 0) {
    std::copy(in_.begin() + static_cast<std::ptrdiff_t>(in_begin_),
              in_.begin() + static_cast<std::ptrdiff_t>(in_end_), in_.begin());
    in_end_ -= std::exchange(in_begin_, 0);
  }
  return std::span(in_).subspan(in_end_);
}

std::span<const std::byte> TlsSession::ToSend() const {
  return std::span(out_).subspan(out_begin_);
}

void TlsSession::Sent(std::size_t count) {
  out_begin_ += count;
  if (out_begin_ < out_.size()) return;
  out_.clear();
  out_begin_ = 0;
}

TlsSession::Greeting TlsSession::Greet() {
  if (!failure_.empty()) return Greeting::kFailed;
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_);
  if (result == 1) return Greeting::kDone;
  return IsWaiting(result) ? Greeting::kUnderWay : Greeting::kFailed;
}

std::size_t TlsSession::Read(std::span<std::byte> into) {
  if (!failure_.empty() || into.empty()) return 0;
  ERR_clear_error();
  std::size_t count = 0;
  const int result = SSL_read_ex(ssl_, into.data(), into.size(), &count);
  if (result == 1) return count;
  IsWaiting(result);
  return 0;
}

void TlsSession::Write(std::span<const std::byte> clear) {
  if (!failure_.empty() || clear.empty()) return;
  ERR_clear_error();
  std::size_t count = 0;
  const int result = SSL_write_ex(ssl_, clear.data(), clear.size(), &count);
  if (result != 1) IsWaiting(result);
}

bool TlsSession::IsWaiting(int result) {
  switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return true;
    case SSL_ERROR_ZERO_RETURN:
      failure_ = "it closed the connection";
      return false;
    default:
      break;
  }
  const long verdict = SSL_get_verify_result(ssl_);
  if (verdict != X509_V_OK) {
    failure_ = std::string("TLS: its certificate is not accepted: ") +
               X509_verify_cert_error_string(verdict);
  } else {
    failure_ = "TLS: " + LastComplaint();
  }
  ERR_clear_error();
  return false;
}

// --- Tls ---

Result<std::shared_ptr<Tls>> Tls::Load(TlsFiles files, Log log) {
  std::shared_ptr<Tls> tls(new Tls(std::move(files), std::move(log)));
  const threads::Lock lock(tls->mutex_);
  tls->seen_ = tls->Look();
  if (auto error = tls->Read()) return *std::move(error);
  return tls;
}

Tls::~Tls() { SSL_CTX_free(context_); }

Tls::Versions Tls::Look() const {
  const auto version = [](const std::string& path) -> Version {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return {};
    return {static_cast<std::int64_t>(status.st_ino), status.st_size,
            status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
  };
  return {version(files_.certificate), version(files_.key),
          version(files_.authority)};
}

std::optional<Error> Tls::Read() {
  auto context = ReadFiles(files_);
  if (!context) return context.error();
  SSL_CTX_free(std::exchange(context_, std::move(context).value().release()));
  return std::nullopt;
}

std::unique_ptr<TlsSession> Tls::Begin(TlsSession::Role role) {
  const Versions now = Look();
  const threads::Lock lock(mutex_);
  if (std::exchange(seen_, now) != now) {
    if (const auto error = Read()) {
      log_("new TLS files are not used, those read before stay: " +
           error->message);
    }
  }
  return std::make_unique<TlsSession>(*context_, role);
}

}  // namespace taskgraph::transport
