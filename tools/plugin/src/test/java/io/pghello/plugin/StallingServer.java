// SPDX-License-Identifier: MIT
package io.pghello.plugin;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Proxies another server until it receives a given text, and then stalls until it is cut. */
final class StallingServer implements AutoCloseable {
  private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
  private final List<Socket> sockets = new CopyOnWriteArrayList<>();
  private final int port;
  private final String text;
  private volatile boolean stalled;
  private volatile boolean cut;

  StallingServer(int port, String text) throws IOException {
    this.port = port;
    this.text = text;
    start(this::accept);
  }

  int port() {
    return listener.getLocalPort();
  }

  boolean hasStalled() {
    return stalled;
  }

  private interface Task {
    void run() throws IOException;
  }

  private static void start(Task task) {
    var thread =
        new Thread(
            () -> {
              try {
                task.run();
              } catch (IOException e) {
                // closed
              }
            });
    thread.setDaemon(true);
    thread.start();
  }

  private void accept() throws IOException {
    while (true) {
      Socket client = listener.accept();
      sockets.add(client);
      var server = new Socket(listener.getInetAddress(), port);
      sockets.add(server);
      start(() -> server.getInputStream().transferTo(client.getOutputStream()));
      start(() -> forward(client.getInputStream(), server));
    }
  }

  private void forward(InputStream from, Socket to) throws IOException {
    byte[] buffer = new byte[65_536];
    for (int count = from.read(buffer); count > 0; count = from.read(buffer)) {
      if (new String(buffer, 0, count, StandardCharsets.ISO_8859_1).contains(text)) {
        stalled = true;
      }
      if (!stalled || cut) {
        to.getOutputStream().write(buffer, 0, count);
      }
    }
  }

  /** Closes the current connections, and serves new ones. */
  void cutAndServe() throws IOException {
    cut = true;
    for (Socket socket : sockets) {
      socket.close();
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
    for (Socket socket : sockets) {
      socket.close();
    }
  }
}
