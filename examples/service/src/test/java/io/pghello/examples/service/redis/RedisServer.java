// SPDX-License-Identifier: MIT
package io.pghello.examples.service.redis;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.pghello.examples.service.Programs;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A Redis server on its own port that can be paused, killed and restarted. */
public final class RedisServer implements AutoCloseable {
  private final File program;
  private final int port;
  private @Nullable Process process;

  /** Selects a port. Does not start the server yet. */
  public RedisServer() {
    Optional<File> found = Programs.find("redis-server");
    assumeTrue(found.isPresent(), "needs redis-server (Debian's package is redis-server)");
    program = found.orElseThrow();
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = socket.getLocalPort();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Starts an empty server and waits until it responds. */
  public RedisServer start(String... settings) throws IOException {
    var command =
        new ArrayList<>(
            List.of(
                program.getPath(),
                "--port",
                Integer.toString(port),
                "--bind",
                "127.0.0.1",
                "--save",
                ""));
    command.addAll(List.of(settings));
    process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    await().atMost(Duration.ofSeconds(60)).ignoreExceptions().until(this::answers);
    return this;
  }

  private boolean answers() throws IOException {
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.getOutputStream().write("PING\r\n".getBytes(StandardCharsets.US_ASCII));
      // "-" is also a response: the server requires a password
      int first = socket.getInputStream().read();
      return first == '+' || first == '-';
    }
  }

  public int port() {
    return port;
  }

  public String url() {
    return "redis://127.0.0.1:" + port;
  }

  /** Pauses the server. It then accepts connections and commands, but does not respond. */
  public void hang() throws IOException, InterruptedException {
    signal("STOP");
  }

  public void resume() throws IOException, InterruptedException {
    signal("CONT");
  }

  private void signal(String name) throws IOException, InterruptedException {
    if (process != null) {
      new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
    }
  }

  /** Kills the server. Its data is lost. */
  public void kill() {
    if (process != null) {
      process.destroyForcibly().onExit().join();
    }
  }

  @Override
  public void close() {
    kill();
  }
}
