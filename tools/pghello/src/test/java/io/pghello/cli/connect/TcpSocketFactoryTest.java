// SPDX-License-Identifier: MIT
package io.pghello.cli.connect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.UnknownHostException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class TcpSocketFactoryTest {
  private static final Duration TIMEOUT = Duration.ofMinutes(1);

  private final InetAddress open = address(1);
  private final InetAddress closed = address(9);

  /** Returns 127.0.0.N. */
  private static InetAddress address(int last) {
    try {
      return InetAddress.getByAddress(new byte[] {127, 0, 0, (byte) last});
    } catch (UnknownHostException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void connectsToTheFirstAddressThatAccepts() throws Exception {
    try (var server = new ServerSocket(0, 1, open)) {
      int port = server.getLocalPort();
      for (InetAddress[] addresses :
          new InetAddress[][] {{open}, {closed, open}, {open, closed}, {closed, closed, open}}) {
        try (Socket socket = TcpSocketFactory.connect(addresses, port, TIMEOUT)) {
          assertThat(socket.getInetAddress()).isEqualTo(open);
        }
        server.accept().close();
      }
      assertThatThrownBy(
              () -> TcpSocketFactory.connect(new InetAddress[] {closed, closed}, port, TIMEOUT))
          .isInstanceOf(ConnectException.class)
          .satisfies(e -> assertThat(e.getSuppressed()).hasSize(1));
      try (Socket socket =
          new TcpSocketFactory(TcpSocketFactory.argument("127.0.0.1", String.valueOf(port), "60"))
              .createSocket()) {
        assertThat(socket.isConnected()).isTrue();
      }
    }
  }
}
