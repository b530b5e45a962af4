// SPDX-License-Identifier: MIT
package io.pghello.examples.service.redis;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Forwards connections to a port until they are cut silently. */
final class SilentProxy implements AutoCloseable {
  private final ServerSocket listener;
  private final int port;
  private final List<Link> links = new CopyOnWriteArrayList<>();

  SilentProxy(int port) {
    this.port = port;
    try {
      listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    start(this::accept);
  }

  String url() {
    return "redis://127.0.0.1:" + listener.getLocalPort();
  }

  /** Drops all further data on existing connections. New connections work. */
  void cut() {
    links.forEach(link -> link.silent = true);
  }

  private void accept() {
    try {
      while (true) {
        Socket client = listener.accept();
        var link = new Link(client, new Socket(InetAddress.getLoopbackAddress(), port));
        links.add(link);
        start(() -> link.pass(link.client, link.server));
        start(() -> link.pass(link.server, link.client));
      }
    } catch (IOException e) {
      // closed
    }
  }

  private static void start(Runnable task) {
    var thread = new Thread(task, "silent-proxy");
    thread.setDaemon(true);
    thread.start();
  }

  private static final class Link {
    private final Socket client;
    private final Socket server;
    private volatile boolean silent;

    Link(Socket client, Socket server) {
      this.client = client;
      this.server = server;
    }

    void pass(Socket from, Socket to) {
      byte[] bytes = new byte[8192];
      try (from;
          to) {
        InputStream in = from.getInputStream();
        OutputStream out = to.getOutputStream();
        for (int read = in.read(bytes); read >= 0; read = in.read(bytes)) {
          if (!silent) {
            out.write(bytes, 0, read);
          }
        }
      } catch (IOException e) {
        // one side has disconnected
      }
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
    for (Link link : links) {
      link.client.close();
      link.server.close();
    }
  }
}
