// SPDX-License-Identifier: MIT
package io.pghello.cli.connect;

import static org.assertj.core.api.Assertions.assertThat;

import java.security.cert.X509Certificate;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The same rules as in libpq since version 15, verified with psql. */
class ServerNameVerifierTest {
  @ParameterizedTest
  @CsvSource({
    "localhost, CN=localhost, true",
    "LocalHost, CN=localhost, true",
    "localhost, CN=other, false",
    // only the first common name
    "localhost, CN=other CN=localhost, false",
    "other, CN=other CN=localhost, true",
    "db.test, DNS:db.test, true",
    "db.test, DNS:DB.TEST, true",
    "db.test, DNS:other.test DNS:db.test, true",
    // names take precedence over the common name
    "localhost, CN=localhost DNS:other.test, false",
    "127.0.0.1, CN=127.0.0.1 DNS:other.test, true",
    "127.0.0.1, CN=127.0.0.1 IP:127.0.0.2, false",
    "localhost, CN=localhost IP:127.0.0.2, true",
    "127.0.0.1, IP:127.0.0.1, true",
    "127.1, IP:127.0.0.1, true",
    "127.0.0.1, DNS:127.0.0.1, true",
    "localhost, IP:127.0.0.1, false",
    "::1, IP:::1, true",
    "0:0:0:0:0:0:0:1, IP:::1, true",
    "::2, IP:::1, false",
    "a.test, DNS:*.test, true",
    "A.test, DNS:*.TEST, true",
    "a.b.test, DNS:*.test, false",
    ".test, DNS:*.test, false",
    "test, DNS:*.test, false",
    "ab.test, DNS:*b.test, false",
    "ab.test, DNS:a*.test, false",
    "a.test, DNS:*, false",
    "a.test, DNS:*., false",
    "a., CN=*., false",
    "a.b.test, DNS:*.*.test, false",
    "k.test, CN=\u212a.test, false",
    "localhost, O=localhost, false"
  })
  void comparesNamesLikeLibpq(String host, String names, boolean matches) throws Exception {
    X509Certificate certificate = TestCertificate.withNames(names);
    assertThat(ServerNameVerifier.matches(host, certificate)).isEqualTo(matches);
  }
}
