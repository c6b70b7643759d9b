// SPDX-License-Identifier: Apache-2.0
#include "support/certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include <cstdio>
#include <stdexcept>

namespace taskgraph::test {
namespace {

using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using File = std::unique_ptr<std::FILE, decltype(&std::fclose)>;

constexpr long kDay = 24 * 60 * 60;

void Check(bool ok, const char* what) {
  if (!ok) throw std::runtime_error(std::string("can't make ") + what);
}

File OpenNew(const std::filesystem::path& path) {
  File file(std::fopen(path.c_str(), "w"), &std::fclose);
  Check(file != nullptr, "a file for a certificate");
  return file;
}

void Extend(X509* certificate, X509* issuer, int what, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension =
      X509V3_EXT_conf_nid(nullptr, &context, what, value);
  Check(extension != nullptr, value);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

Certificate Blank(const std::string& name, EVP_PKEY* key, int days) {
  Certificate made(X509_new(), &X509_free);
  X509* certificate = made.get();
  X509_set_version(certificate, X509_VERSION_3);
  std::uint64_t serial = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -2 * kDay);
  X509_gmtime_adj(X509_getm_notAfter(certificate), days * kDay);
  X509_set_pubkey(certificate, key);
  X509_NAME_add_entry_by_txt(
      X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
      reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  return made;
}

void Write(const std::filesystem::path& path, X509* certificate) {
  Check(PEM_write_X509(OpenNew(path).get(), certificate) == 1, "a PEM file");
}

void Write(const std::filesystem::path& path, EVP_PKEY* key) {
  Check(PEM_write_PrivateKey(OpenNew(path).get(), key, nullptr, nullptr, 0,
                             nullptr, nullptr) == 1,
        "a PEM file");
}

}  // namespace

struct Authority::Identity {
  Key key{EVP_EC_gen("P-256"), &EVP_PKEY_free};
  Certificate certificate{Blank("test authority", key.get(), 365)};
};

Authority::Authority() {
  std::string pattern =
      (std::filesystem::temp_directory_path() / "certificates-XXXXXX").string();
  Check(::mkdtemp(pattern.data()) != nullptr, "a folder");
  folder_ = pattern;
  self_ = std::make_unique<Identity>();
  X509* own = self_->certificate.get();
  X509_set_issuer_name(own, X509_get_subject_name(own));
  Extend(own, own, NID_basic_constraints, "critical,CA:TRUE");
  Extend(own, own, NID_key_usage, "critical,keyCertSign,cRLSign");
  Check(X509_sign(own, self_->key.get(), EVP_sha256()) > 0, "a signature");
  Write(folder_ / "authority.pem", own);
}

Authority::~Authority() { std::filesystem::remove_all(folder_); }

TlsFiles Authority::Issue(const std::string& name, int days,
                          const std::string& address) const {
  const Key key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  const Certificate made = Blank(name, key.get(), days);
  X509* const issuer = self_->certificate.get();
  X509_set_issuer_name(made.get(), X509_get_subject_name(issuer));
  const std::string names =
      "DNS:localhost,IP:127.0.0.1" + (address.empty() ? "" : ",IP:" + address);
  Extend(made.get(), issuer, NID_subject_alt_name, names.c_str());
  Extend(made.get(), issuer, NID_ext_key_usage, "serverAuth,clientAuth");
  Check(X509_sign(made.get(), self_->key.get(), EVP_sha256()) > 0,
        "a signature");
  Write(folder_ / (name + ".pem"), made.get());
  Write(folder_ / (name + "-key.pem"), key.get());
  return {folder_ / (name + ".pem"), folder_ / (name + "-key.pem"),
          folder_ / "authority.pem"};
}

}  // namespace taskgraph::test
