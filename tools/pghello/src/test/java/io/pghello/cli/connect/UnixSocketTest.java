// SPDX-License-Identifier: MIT
package io.pghello.cli.connect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.pghello.cli.Run;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnixSocketTest {
  @TempDir private Path folder;

  /** The driver closes a connection in one thread while another one reads. */
  @Test
  void closeEndsConcurrentRead() throws Exception {
    Path path = folder.resolve("socket");
    try (var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(path));
      var socket = new UnixSocket(path.toString());
      var read = new FutureTask<>(() -> catchThrowable(() -> socket.getInputStream().read()));
      var reader = new Thread(read);
      reader.start();
      Run.await(
          "it is reading",
          () ->
              Stream.of(reader.getStackTrace())
                  .anyMatch(frame -> frame.getMethodName().equals("select")));
      socket.close();
      assertThat(read.get()).isInstanceOf(IOException.class);
    }
  }

  @Test
  void readEndsAfterItsTimeout() throws Exception {
    Path path = folder.resolve("socket");
    try (var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(path));
      try (var socket = new UnixSocket(path.toString())) {
        socket.setSoTimeout(20);
        var read = new FutureTask<>(() -> catchThrowable(() -> socket.getInputStream().read()));
        new Thread(read).start();
        assertThat(read.get(1, TimeUnit.MINUTES)).isInstanceOf(SocketTimeoutException.class);
      }
    }
  }
}
