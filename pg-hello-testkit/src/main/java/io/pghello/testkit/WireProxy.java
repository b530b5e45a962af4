// SPDX-License-Identifier: MIT
package io.pghello.testkit;

/**
 * A TCP proxy between clients and a PostgreSQL server, for example a {@link PgHelloServer}.
 * Thread-safe.
 */
public final class WireProxy extends io.pghello.extension.testkit.WireProxy {
  /** An action for {@link #countRoundTrips}. */
  @FunctionalInterface
  public interface Action extends io.pghello.extension.testkit.WireProxy.Action {}

  private WireProxy(String host, int port) {
    super(host, port);
  }

  /**
   * Starts a proxy in front of a server, on a free port of the loopback interface.
   *
   * @param host the server's host
   * @param port the server's port
   * @throws java.io.UncheckedIOException if the proxy cannot listen
   */
  public static WireProxy to(String host, int port) {
    return new WireProxy(host, port);
  }

  /** Starts a proxy in front of a server; see {@link #to(String, int)}. */
  public static WireProxy to(PgHelloServer server) {
    return to("127.0.0.1", server.port());
  }

  // makes the method accessible in this package
  @Override
  protected int threads() {
    return super.threads();
  }
}
