// For tests: a certificate for one host name, signed by itself.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

namespace adapters::http_client {

class TestCertificate {
 public:
  explicit TestCertificate(const std::string& host) {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), &X509_free);
    X509_set_version(certificate.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
    X509_set_pubkey(certificate.get(), key.get());
    X509_NAME* name = X509_get_subject_name(certificate.get());
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(host.c_str()), -1, -1,
                               0);
    X509_set_issuer_name(certificate.get(), name);
    X509_EXTENSION* names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, ("DNS:" + host).c_str());
    X509_add_ext(certificate.get(), names, -1);
    X509_EXTENSION_free(names);
    if (X509_sign(certificate.get(), key.get(), EVP_sha256()) == 0) std::abort();

    server_.reset(SSL_CTX_new(TLS_server_method()));
    SSL_CTX_use_certificate(server_.get(), certificate.get());
    SSL_CTX_use_PrivateKey(server_.get(), key.get());

    file_ = (std::filesystem::temp_directory_path() / "test_certificate_XXXXXX").string();
    const int descriptor = mkstemp(file_.data());
    FILE* stream = descriptor < 0 ? nullptr : fdopen(descriptor, "w");
    if (stream == nullptr || PEM_write_X509(stream, certificate.get()) != 1) std::abort();
    fclose(stream);
  }
  ~TestCertificate() { std::filesystem::remove(file_); }
  TestCertificate(const TestCertificate&) = delete;
  TestCertificate& operator=(const TestCertificate&) = delete;

  SSL_CTX* server() const { return server_.get(); }
  const std::string& file() const { return file_; }  // PEM, for who is to trust it

 private:
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> server_{nullptr, &SSL_CTX_free};
  std::string file_;
};

}  // namespace adapters::http_client
