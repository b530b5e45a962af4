// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.server;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;

/** Finds free ports on the loopback interface. */
final class ServerPort {
  static final String LOOPBACK = "127.0.0.1";

  private ServerPort() {}

  /** Returns a free port. Another process may take it before the server does. */
  static int findFree() throws IOException {
    try (var socket = new ServerSocket(0, 1, loopback())) {
      return socket.getLocalPort();
    }
  }

  /** Returns the address that the server listens on. It is IPv4 even if the JVM prefers IPv6. */
  private static InetAddress loopback() throws IOException {
    return InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
  }

  /**
   * Throws an exception if the port is in use. Without this check, the server would report the
   * problem only after a few seconds.
   */
  static void requireFree(int port) throws IOException {
    try (var socket = new ServerSocket()) {
      // connections of an earlier server on this port may be in TIME_WAIT
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(loopback(), port));
    } catch (BindException e) {
      throw new IOException(portProblem(port, e), e);
    }
  }

  /**
   * Returns a message that distinguishes a port in use from a privileged port (up to 1023), which
   * ordinary users cannot open.
   */
  static String portProblem(int port, BindException e) {
    return "Port "
        + port
        + (String.valueOf(e.getMessage()).contains("denied") ? " is not allowed: " : " is taken: ")
        + e.getMessage()
        + ". Choose another port, or 0 for any free port.";
  }
}
