// Broken if this fails: strangers can make us call our own network.
#include "adapters/webhooks/url_guard.h"

#include <gtest/gtest.h>

namespace adapters::webhooks {
namespace {

constexpr UrlRules strict{};
constexpr UrlRules loopback{.allow_loopback = true};

TEST(UrlGuard, allows_public_https) {
  for (const std::string_view url : {
           "https://example.com",
           "https://example.com/",
           "https://example.com/hooks?a=b&c=%20d",
           "https://example.com:443/hooks",
           "https://example.com:8443/hooks",
           "HTTPS://EXAMPLE.COM/Hooks",
           "https://a.b.c.example.co.uk/",
           "https://xn--bcher-kva.example/",
           "https://127.0.0.1.example.com/",
           "https://under_score.example.com/",
           "https://example.com/@not-a-user",
           "https://example.com/?user@not",
           "https://8.8.8.8/",
           "https://134744072/",
           "https://[2606:4700:4700::1111]/",
           "https://[::ffff:8.8.8.8]/",
       }) {
    const auto checked = check_url(url, strict);
    EXPECT_TRUE(checked) << url << ": " << checked.error().detail;
  }
}

TEST(UrlGuard, reads_the_target_as_libcurl_will) {
  const auto target = parse_target("https://EXAMPLE.com:8443/x", strict);
  ASSERT_TRUE(target);
  EXPECT_EQ(target->host, "example.com");
  EXPECT_EQ(target->port, 8443);
  EXPECT_EQ(parse_target("https://0x8080808/", strict)->host, "8.8.8.8");
  EXPECT_EQ(parse_target("https://[2606:4700:4700:0::1111]/", strict)->host, "2606:4700:4700::1111");
}

TEST(UrlGuard, refuses_everything_else) {
  for (const std::string_view url : {
           // schemes
           "http://example.com/",
           "file:///etc/passwd",
           "gopher://example.com/",
           "ftp://example.com/",
           "dict://example.com:443/",
           "example.com/hooks",
           "//example.com/hooks",
           "javascript:alert(1)",
           "",
           "https://",
           "https:///",
           // users
           "https://user@example.com/",
           "https://user:secret@example.com/",
           "https://@example.com/",
           "https://:@example.com/",
           "https://example.com@127.0.0.1/",
           "https://example.com\\@127.0.0.1/",
           "https://127.0.0.1\\@example.com/",
           "https://127.0.0.1#@example.com/",
           // ports
           "https://example.com:80/",
           "https://example.com:22/",
           "https://example.com:6379/",
           "https://example.com:9092/",
           "https://example.com:0/",
           "https://example.com:65979/",
           "https://example.com:443:22/",
           // loopback and this network, in every spelling
           "https://127.0.0.1/",
           "https://127.1/",
           "https://127.0.1/",
           "https://2130706433/",
           "https://0x7f000001/",
           "https://0x7f.0.0.1/",
           "https://0177.0.0.1/",
           "https://017700000001/",
           "https://127.0.0.01/",
           "https://127.0.0.1./",
           "https://%31%32%37.0.0.1/",
           "https://0/",
           "https://0.0.0.0/",
           "https://[::]/",
           "https://[::1]/",
           "https://[0:0:0:0:0:0:0:1]/",
           "https://[::ffff:127.0.0.1]/",
           "https://[::ffff:7f00:1]/",
           "https://[::127.0.0.1]/",
           "https://[64:ff9b::7f00:1]/",
           "https://[fe80::1%25eth0]/",
           "https://[2606:4700:4700::1111%25lo]/",
           // private
           "https://10.0.0.1/",
           "https://172.16.0.1/",
           "https://192.168.1.1/",
           "https://3232235777/",
           "https://169.254.169.254/latest/meta-data/",
           "https://0xa9fea9fe/",
           "https://100.64.0.1/",
           "https://255.255.255.255/",
           "https://[fc00::1]/",
           // names
           "https://localhost/",
           "https://LOCALHOST/",
           "https://localhost./",
           "https://api.localhost/",
           "https://intranet/",
           "https://example.com./",
           "https://256.256.256.256/",
           "https://1.2.3.4.5/",
           "https://example.0x7f/",
           "https://exa mple.com/",
           "https://exam\tple.com/",
           "https://example.com/\r\nX: y",
           "https://b\xc3\xbc\x63her.example/",
           "https://\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1/",
           "https://127\xe3\x80\x82\x30.0.1/",
           "https://example.com%00.evil.com/",
           "https://exa%2fmple.com/",
           "https://example..com:/",
       }) {
    const auto checked = check_url(url, strict);
    ASSERT_FALSE(checked) << url;
    EXPECT_EQ(checked.error().code, core::ErrorCode::url_not_allowed) << url;
  }
  EXPECT_FALSE(check_url("https://example.com/" + std::string(3'000, 'x'), strict));
  EXPECT_FALSE(check_url(std::string_view("https://example.com\0.evil.com/", 30), strict));
}

TEST(UrlGuard, the_loopback_rule_opens_this_machine_only) {
  for (const std::string_view url :
       {"http://127.0.0.1:8080/", "http://127.0.0.2/", "http://localhost:1/", "http://[::1]:9/", "https://127.0.0.1:1/",
        "http://[::ffff:127.0.0.1]:80/", "https://example.com/"}) {
    EXPECT_TRUE(check_url(url, loopback)) << url;
  }
  for (const std::string_view url :
       {"http://example.com/", "https://example.com:80/", "http://10.0.0.1/", "https://10.0.0.1/", "http://0.0.0.0:80/",
        "http://169.254.169.254/", "http://user@127.0.0.1/", "ftp://127.0.0.1/", "http://localhost.example/"}) {
    EXPECT_FALSE(check_url(url, loopback)) << url;
  }
}

TEST(UrlGuard, tells_public_addresses_from_special_ones) {
  // First and last of each special range, then its neighbours outside.
  for (const std::string_view address : {"0.0.0.0",
                                         "0.255.255.255",
                                         "10.0.0.0",
                                         "10.255.255.255",
                                         "100.64.0.0",
                                         "100.127.255.255",
                                         "127.0.0.0",
                                         "127.255.255.255",
                                         "169.254.0.0",
                                         "169.254.255.255",
                                         "172.16.0.0",
                                         "172.31.255.255",
                                         "192.0.0.0",
                                         "192.0.0.255",
                                         "192.0.2.0",
                                         "192.0.2.255",
                                         "192.88.99.0",
                                         "192.88.99.255",
                                         "192.168.0.0",
                                         "192.168.255.255",
                                         "198.18.0.0",
                                         "198.19.255.255",
                                         "198.51.100.0",
                                         "198.51.100.255",
                                         "203.0.113.0",
                                         "203.0.113.255",
                                         "224.0.0.0",
                                         "239.255.255.255",
                                         "240.0.0.0",
                                         "255.255.255.255",
                                         "::",
                                         "::1",
                                         "::2",
                                         "::7f00:1",
                                         "::ffff:10.0.0.1",
                                         "::ffff:169.254.169.254",
                                         "64:ff9b::",
                                         "64:ff9b::808:808",
                                         "64:ff9b:1::",
                                         "64:ff9b:1:ffff:ffff:ffff:ffff:ffff",
                                         "100::",
                                         "100::ffff:ffff:ffff:ffff",
                                         "1fff:ffff::",
                                         "2001::",
                                         "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
                                         "2001:db8::",
                                         "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
                                         "2002::",
                                         "2002:7f00:1::",
                                         "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                                         "3fff::",
                                         "3fff:fff:ffff::",
                                         "4000::",
                                         "5f00::",
                                         "fc00::",
                                         "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                                         "fe80::",
                                         "fe80::1%1",
                                         "febf::",
                                         "fec0::",
                                         "feff::",
                                         "ff00::",
                                         "ff02::1",
                                         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
                                         "",
                                         "example.com",
                                         "1.2.3",
                                         "1.2.3.4.5"}) {
    EXPECT_FALSE(is_public(address)) << address;
  }
  for (const std::string_view address : {"1.0.0.0",         "9.255.255.255",   "11.0.0.0",
                                         "100.63.255.255",  "100.128.0.0",     "126.255.255.255",
                                         "128.0.0.0",       "169.253.255.255", "169.255.0.0",
                                         "172.15.255.255",  "172.32.0.0",      "191.255.255.255",
                                         "192.0.1.0",       "192.0.3.0",       "192.88.98.255",
                                         "192.88.100.0",    "192.167.255.255", "192.169.0.0",
                                         "198.17.255.255",  "198.20.0.0",      "198.51.99.255",
                                         "198.51.101.0",    "203.0.112.255",   "203.0.114.0",
                                         "223.255.255.255", "8.8.8.8",         "::ffff:8.8.8.8",
                                         "2000::",          "2001:200::",      "2001:db7:ffff::",
                                         "2001:db9::",      "2003::",          "2606:4700:4700::1111",
                                         "3ffe::",          "3fff:1000::"}) {
    EXPECT_TRUE(is_public(address)) << address;
  }
}

TEST(UrlGuard, one_bad_address_spoils_them_all) {
  EXPECT_TRUE(may_connect({"8.8.8.8", "2606:4700:4700::1111"}, strict));
  EXPECT_FALSE(may_connect({"8.8.8.8", "10.0.0.1"}, strict));
  EXPECT_FALSE(may_connect({"127.0.0.1"}, strict));
  EXPECT_FALSE(may_connect({}, strict));
  EXPECT_FALSE(may_connect({}, loopback));
  EXPECT_TRUE(may_connect({"127.0.0.1", "::1"}, loopback));
  EXPECT_FALSE(may_connect({"127.0.0.1", "8.8.8.8"}, loopback));
  EXPECT_FALSE(may_connect({"10.0.0.1"}, loopback));
}

}  // namespace
}  // namespace adapters::webhooks
