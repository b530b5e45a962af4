// SPDX-License-Identifier: MIT
package io.pghello.cli.connect;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.sql.SQLException;
import java.util.List;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.Test;
import org.postgresql.util.PSQLException;
import org.postgresql.util.PSQLState;

/** The same decisions as libpq. */
class ConnectionFailureTest {
  private static SQLException connectionFailure(Throwable cause) {
    return new PSQLException("failed", PSQLState.CONNECTION_FAILURE, cause);
  }

  private static SQLException noConnection(Throwable cause) {
    return new PSQLException("failed", PSQLState.CONNECTION_UNABLE_TO_CONNECT, cause);
  }

  @Test
  void triesAnotherHostIfTheServerIsNotAvailable() {
    assertThat(ConnectionFailure.allowsOtherHost(new SQLException("starting up", "57P03")))
        .isTrue();
    assertThat(ConnectionFailure.allowsOtherHost(noConnection(new ConnectException()))).isTrue();
    assertThat(ConnectionFailure.allowsOtherHost(connectionFailure(new SocketTimeoutException())))
        .isTrue();
  }

  @Test
  void triesNoOtherHostIfTheServerRejectsTheLogin() {
    assertThat(ConnectionFailure.allowsOtherHost(new SQLException("password", "28P01"))).isFalse();
    assertThat(ConnectionFailure.allowsOtherHost(new SQLException("no database", "3D000")))
        .isFalse();
    assertThat(ConnectionFailure.allowsOtherHost(noConnection(new SSLHandshakeException("PKIX"))))
        .isFalse();
  }

  /** A server or network that does not respond must not turn off the encryption. */
  @Test
  void neverTriesWithoutTlsAfterATimeout() {
    SQLException timeout = connectionFailure(new SocketTimeoutException("Read timed out"));
    assertThat(ConnectionFailure.allowsOtherMode(timeout, "require")).isFalse();
    SQLException untrusted = connectionFailure(new SSLHandshakeException("PKIX path"));
    assertThat(ConnectionFailure.allowsOtherMode(untrusted, "require")).isTrue();
    assertThat(ConnectionFailure.allowsOtherMode(untrusted, "disable")).isFalse();
  }

  /** With TLS 1.2, the server rejects the client certificate during the handshake. */
  @Test
  void neverTriesWithoutTlsIfTheServerRejectsTheCertificate() {
    for (IOException rejection :
        List.of(
            new SSLHandshakeException("Received fatal alert: unknown_ca"),
            new SSLHandshakeException(
                "(certificate_expired) Received fatal alert: certificate_expired"),
            new SSLHandshakeException("Received fatal alert: access_denied"),
            new SSLException("closed", new SocketException("Connection reset")))) {
      assertThat(ConnectionFailure.allowsOtherMode(connectionFailure(rejection), "require"))
          .as(rejection.getMessage())
          .isFalse();
    }
    SQLException other =
        connectionFailure(new SSLHandshakeException("Received fatal alert: handshake_failure"));
    assertThat(ConnectionFailure.allowsOtherMode(other, "require")).isTrue();
  }
}
