// SPDX-License-Identifier: MIT
package io.pghello.cli.connect;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import javax.net.SocketFactory;

/**
 * Connects the driver to the first address of a host that accepts the connection, as libpq does.
 * The driver itself tries one address only.
 */
public final class TcpSocketFactory extends SocketFactory {
  private final String host;
  private final int port;
  private final Duration timeout;

  /**
   * Called by the driver with the property {@code socketFactoryArg}.
   *
   * @param argument the result of {@link #argument}
   */
  public TcpSocketFactory(String argument) {
    String[] words = argument.split(" ", 3);
    timeout = Duration.ofSeconds(Integer.parseInt(words[0]));
    port = Integer.parseInt(words[1]);
    host = words[2];
  }

  /** Returns the value of {@code socketFactoryArg}. The timeout is for all addresses together. */
  static String argument(String host, String port, String timeoutSeconds) {
    return timeoutSeconds + " " + port + " " + host;
  }

  @Override
  public Socket createSocket() throws IOException {
    return connect(InetAddress.getAllByName(host), port, timeout);
  }

  static Socket connect(InetAddress[] addresses, int port, Duration timeout) throws IOException {
    long end = System.nanoTime() + timeout.toNanos();
    IOException failure = null;
    for (int i = 0; ; i++) {
      int left = addresses.length - i;
      long millis = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime()) / left;
      var socket = new Socket();
      try {
        socket.connect(new InetSocketAddress(addresses[i], port), (int) Math.max(1, millis));
        return socket;
      } catch (IOException e) {
        socket.close();
        // The operating system puts addresses without a route last, so the first reason is the
        // best.
        if (failure == null) {
          failure = e;
        } else {
          failure.addSuppressed(e);
        }
        if (left == 1) {
          throw failure;
        }
      }
    }
  }

  @Override
  public Socket createSocket(String name, int number) throws IOException {
    return createSocket();
  }

  @Override
  public Socket createSocket(String name, int number, InetAddress local, int localPort)
      throws IOException {
    return createSocket();
  }

  @Override
  public Socket createSocket(InetAddress address, int number) throws IOException {
    return createSocket();
  }

  @Override
  public Socket createSocket(InetAddress address, int number, InetAddress local, int localPort)
      throws IOException {
    return createSocket();
  }
}
