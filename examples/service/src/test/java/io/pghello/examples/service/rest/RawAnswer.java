// SPDX-License-Identifier: MIT
package io.pghello.examples.service.rest;

import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;

/** The response to a malformed request. */
record RawAnswer(String text) {
  /**
   * Sends a request.
   *
   * @param line the request's first line, without the HTTP version
   */
  @SuppressWarnings("AddressSelection") // 127.0.0.1 needs no DNS lookup
  static RawAnswer to(int port, String line) throws IOException {
    try (var socket = new Socket("127.0.0.1", port)) {
      String request = line + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
      socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
      return new RawAnswer(
          new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
    }
  }

  int status() {
    return Integer.parseInt(text.split(" ", 3)[1]);
  }
}
