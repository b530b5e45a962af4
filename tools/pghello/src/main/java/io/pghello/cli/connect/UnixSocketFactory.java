// SPDX-License-Identifier: MIT
package io.pghello.cli.connect;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import javax.net.SocketFactory;

/** Connects the driver to a Unix domain socket, regardless of the requested host and port. */
public final class UnixSocketFactory extends SocketFactory {
  private final String path;

  /** Called by the driver with the property {@code socketFactoryArg}. */
  public UnixSocketFactory(String path) {
    this.path = path;
  }

  @Override
  public Socket createSocket() throws IOException {
    try {
      return new UnixSocket(path);
    } catch (IOException e) {
      throw new SocketException(path + ": " + e.getMessage());
    }
  }

  @Override
  public Socket createSocket(String host, int port) throws IOException {
    return createSocket();
  }

  @Override
  public Socket createSocket(String host, int port, InetAddress local, int localPort)
      throws IOException {
    return createSocket();
  }

  @Override
  public Socket createSocket(InetAddress host, int port) throws IOException {
    return createSocket();
  }

  @Override
  public Socket createSocket(InetAddress host, int port, InetAddress local, int localPort)
      throws IOException {
    return createSocket();
  }
}
