// SPDX-License-Identifier: MIT
package io.pghello.examples.users;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** An nginx server with the configuration in {@code deploy/gateway}. */
final class Gateway implements AutoCloseable {
  private static final Path TEMPLATE = Path.of("../../deploy/gateway/nginx.conf.template");

  private final Process process;
  private final int port;

  /** Returns the nginx program, if it is installed. */
  static Optional<Path> nginx() {
    return Stream.concat(
            Stream.of(System.getenv("PATH").split(File.pathSeparator)), Stream.of("/usr/sbin"))
        .map(folder -> Path.of(folder, "nginx"))
        .filter(Files::isExecutable)
        .findFirst();
  }

  Gateway(Path folder, List<String> greetingServers, List<String> userServers) throws IOException {
    this(folder, "", greetingServers, userServers);
  }

  /**
   * Starts the gateway.
   *
   * @param more the options after the port, for example for TLS
   */
  Gateway(Path folder, String more, List<String> greetingServers, List<String> userServers)
      throws IOException {
    try (var socket = new ServerSocket(0)) {
      port = socket.getLocalPort();
    }
    String configuration =
        Files.readString(TEMPLATE)
            .replace("${GATEWAY_FOLDER}", folder.toString())
            .replace("${GATEWAY_LISTEN}", "127.0.0.1:" + port + more)
            .replace("${GREETING_SERVERS}", servers(greetingServers))
            .replace("${USER_SERVERS}", servers(userServers));
    assertThat(configuration).doesNotContain("${");
    Path file = Files.writeString(folder.resolve("nginx.conf"), configuration);
    Path errors = folder.resolve("errors");
    var command =
        new ArrayList<>(
            List.of(nginx().orElseThrow().toString(), "-e", "stderr", "-c", file.toString()));
    if (System.getProperty("user.name").equals("root")) {
      // otherwise, the worker processes would run as a user without access to the directory
      command.addAll(List.of("-g", "user root root;"));
    }
    process =
        new ProcessBuilder(command)
            .redirectError(errors.toFile())
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    await()
        .atMost(Duration.ofSeconds(30))
        .ignoreExceptions()
        .failFast(() -> assertThat(process.isAlive()).as(Files.readString(errors)).isTrue())
        .until(this::listens);
  }

  private boolean listens() throws IOException {
    new Socket(InetAddress.getLoopbackAddress(), port).close();
    return true;
  }

  int port() {
    return port;
  }

  private static String servers(List<String> addresses) {
    return addresses.stream()
        .map(address -> "server " + address + " max_fails=0;")
        .collect(Collectors.joining(" "));
  }

  Http http() {
    return new Http(port);
  }

  @Override
  public void close() {
    process.destroy();
    process.onExit().join();
  }
}
