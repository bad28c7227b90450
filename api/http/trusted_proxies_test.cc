// If these fail, all people behind one proxy share one limit, or anyone chooses the address that limits count.
#include "api/http/trusted_proxies.h"

#include <gtest/gtest.h>

#include "api/http/test_client.h"
#include "api/http/test_server.h"

namespace api::http {
namespace {

std::string address_seen(const std::string& trusted, const std::string& fields) {
  Settings settings;
  settings.trusted_proxies = *TrustedProxies::parse(trusted);
  TestServer server(settings);
  TestClient client(server.port());
  const auto answer = client.ask("GET /address HTTP/1.1\r\nHost: test\r\n" + fields + "\r\n");
  return answer ? answer->body : "none";
}

TEST(TrustedProxies, NobodyIsBelievedWhoIsNotListed) {
  EXPECT_EQ(address_seen("", "X-Forwarded-For: 192.0.2.1\r\n"), "127.0.0.1");
  EXPECT_EQ(address_seen("10.0.0.0/8, 127.0.0.2", "X-Forwarded-For: 192.0.2.1\r\n"), "127.0.0.1");
}

TEST(TrustedProxies, TellTheAddressTheyWereAskedFrom) {
  EXPECT_EQ(address_seen("127.0.0.1", "X-Forwarded-For: 192.0.2.1\r\n"), "192.0.2.1");
  EXPECT_EQ(address_seen("127.0.0.0/8", "x-forwarded-for:  2001:DB8::1\r\n"), "2001:db8::1");
  EXPECT_EQ(address_seen("127.0.0.1", "X-Forwarded-For: 192.0.2.1:4711\r\n"), "192.0.2.1");
  EXPECT_EQ(address_seen("127.0.0.1", "X-Forwarded-For: [2001:db8::1]:4711\r\n"), "2001:db8::1");
  EXPECT_EQ(address_seen("127.0.0.1", ""), "127.0.0.1");
}

TEST(TrustedProxies, WhatTheClientSentItselfIsNotBelieved) {
  EXPECT_EQ(address_seen("127.0.0.1, 10.0.0.0/8", "X-Forwarded-For: 6.6.6.6, 192.0.2.1, 10.1.2.3\r\n"), "192.0.2.1");
  EXPECT_EQ(address_seen("127.0.0.1", "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 192.0.2.1\r\n"), "192.0.2.1");
  EXPECT_EQ(address_seen("127.0.0.1, 10.0.0.0/8", "X-Forwarded-For: 192.0.2.1, unknown, 10.1.2.3\r\n"), "10.1.2.3");
  EXPECT_EQ(address_seen("127.0.0.1", "X-Forwarded-For: 192.0.2.1, [\r\n"), "127.0.0.1");
  EXPECT_EQ(address_seen("127.0.0.1, 10.0.0.0/8", "X-Forwarded-For: 10.1.2.3\r\n"), "10.1.2.3");
}

TEST(TrustedProxies, AreTheSameInEitherFormOfAnAddress) {
  Headers headers;
  headers.add("X-Forwarded-For", "192.0.2.1");
  EXPECT_EQ(TrustedProxies::parse("10.0.0.0/8")->client_behind("::ffff:10.1.2.3", headers), "192.0.2.1");
  EXPECT_EQ(TrustedProxies::parse("fd00::/8")->client_behind("fd12::1", headers), "192.0.2.1");
  EXPECT_EQ(TrustedProxies::parse("fd00::/8")->client_behind("10.1.2.3", headers), "10.1.2.3");
  EXPECT_EQ(TrustedProxies::parse("0.0.0.0/0")->client_behind("fd12::1", headers), "fd12::1");
}

TEST(TrustedProxies, AreAddressesAndNetworks) {
  for (const char* text : {"", " ", "::1", "10.0.0.1/8,fd00::/8 , 127.0.0.1"})
    EXPECT_TRUE(TrustedProxies::parse(text)) << text;
  for (const char* text : {"proxy", "10.0.0.0/33", "::/129", ",", "10.0.0.1,", "10.0.0.1 10.0.0.2", "*"})
    EXPECT_FALSE(TrustedProxies::parse(text)) << text;
}

}  // namespace
}  // namespace api::http
