// SPDX-License-Identifier: MIT
package io.pghello.testkit.internal;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * An embedded server that keeps its data directory over stops and crashes.
 *
 * <p>{@code initdb} runs once for each build of the extension: its result, with the template
 * database in it, is kept in the user's cache and copied for each server. That, and a data
 * directory in memory, are most of what makes a start fast.
 *
 * <p>Not thread-safe; {@code PgHelloServer} holds the lock.
 */
public final class EmbeddedServer {
  private static final int ATTEMPTS = 3;
  private static final long STOP_SECONDS = 10;

  // a file lock is a whole JVM's
  private static final ReentrantLock TEMPLATE_LOCK = new ReentrantLock();

  private final ExtensionBinaryResolver binaries;
  private final Map<String, String> settings;
  private final boolean fixedPort;
  private final Scratch scratch;
  private final Thread cleaner = new Thread(this::close, "pg-hello-server-closer");
  private int port;
  private @Nullable EmbeddedPostgres running;
  private boolean closed;

  private EmbeddedServer(
      ExtensionBinaryResolver binaries, Map<String, String> settings, int port, Scratch scratch) {
    this.binaries = binaries;
    this.settings = settings;
    this.port = port;
    this.fixedPort = port != 0;
    this.scratch = scratch;
  }

  /**
   * Starts a server.
   *
   * @param port where it listens; 0 for a free one
   * @param settings of {@code postgresql.conf}
   */
  public static EmbeddedServer start(int port, Map<String, String> settings) throws IOException {
    var binaries = new ExtensionBinaryResolver();
    Path template = template(binaries);
    if (port != 0) {
      requireFree(port);
    }
    Scratch scratch = Scratch.create();
    var server = new EmbeddedServer(binaries, settings, port, scratch);
    try {
      Scratch.copy(template, scratch.data());
      Runtime.getRuntime().addShutdownHook(server.cleaner);
      server.start();
      return server;
    } catch (IOException | RuntimeException e) {
      server.close();
      throw e;
    }
  }

  /** Says at once what the server would say only after some seconds. */
  private static void requireFree(int port) throws IOException {
    try (var socket = new ServerSocket()) {
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    } catch (BindException e) {
      throw new IOException("Port " + port + " is taken: " + e.getMessage() + ".", e);
    }
  }

  /** Starts it again, on the same port, if it does not run. */
  public void start() throws IOException {
    if (closed) {
      throw new IllegalStateException("the server is closed");
    }
    for (int attempt = 1; running == null; attempt++) {
      try {
        running = launch(binaries, scratch.data(), scratch.log(), port, settings);
        port = running.getPort();
      } catch (IOException | RuntimeException e) {
        // between the search for a free port and its use somebody else may have taken it
        if (fixedPort || attempt == ATTEMPTS || !log().contains("could not bind")) {
          throw new IOException(startFailure(), e);
        }
      }
    }
  }

  private String startFailure() {
    String log = log();
    List<String> lines = log.lines().toList();
    return "The embedded PostgreSQL "
        + binaries.major()
        + " did not start"
        + (port == 0 ? "" : " on port " + port)
        + (log.contains("cannot be run as root")
            ? ": it refuses to run as root, and user namespaces (unshare -U) are not allowed here."
                + " Run as an ordinary user, or use a container or a server of your own"
            : "")
        + ". The end of its log: "
        + String.join(" | ", lines.subList(Math.max(0, lines.size() - 8), lines.size()));
  }

  private String log() {
    try {
      return Files.exists(scratch.log())
          ? new String(Files.readAllBytes(scratch.log()), StandardCharsets.UTF_8)
          : "";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Stops it as an administrator would; sessions are ended. Its data stays. */
  public void stop() {
    if (running != null) {
      try {
        running.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } finally {
        running = null;
      }
      awaitEnd();
    }
  }

  /** Ends it by force: all its processes get SIGKILL at once. Its data stays. */
  public void kill() {
    Optional<ProcessHandle> server = scratch.server();
    if (server.isPresent()) {
      List<ProcessHandle> children = server.get().descendants().toList();
      server.get().destroyForcibly();
      children.forEach(ProcessHandle::destroyForcibly);
      server.get().onExit().join();
      children.forEach(child -> child.onExit().join());
    }
    try {
      // so that the data directory is not stopped, but taken over, by the next start
      Files.deleteIfExists(scratch.data().resolve("postmaster.pid"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    stop();
  }

  /** Does it run? */
  public boolean isRunning() {
    return running != null && scratch.server().isPresent();
  }

  /** Where it listens. */
  public int port() {
    return port;
  }

  /** Its major version. */
  public int major() {
    return binaries.major();
  }

  /** Where it writes its log. */
  public Path logFile() {
    return scratch.log();
  }

  /** Stops it and removes its data. A second call does nothing. */
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    stop();
    try {
      scratch.close();
      if (!Thread.currentThread().equals(cleaner)) {
        Runtime.getRuntime().removeShutdownHook(cleaner);
      }
    } catch (IllegalStateException e) {
      // the JVM is going down, and the hook finds nothing left to do
      return;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Waits until the server is gone: while the JVM goes down, somebody else stops it. */
  private void awaitEnd() {
    scratch
        .server()
        .ifPresent(
            server -> {
              try {
                server.onExit().get(STOP_SECONDS, TimeUnit.SECONDS);
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                server.destroyForcibly();
              } catch (ExecutionException | TimeoutException e) {
                server.destroyForcibly();
              }
            });
  }

  private static EmbeddedPostgres launch(
      ExtensionBinaryResolver binaries, Path data, Path log, int port, Map<String, String> settings)
      throws IOException {
    var builder =
        EmbeddedPostgres.builder()
            .setPgBinaryResolver(binaries)
            .setOverrideWorkingDirectory(Scratch.cache().resolve("server").toFile())
            .setDataDirectory(data)
            .setCleanDataDirectory(false)
            .setLocaleConfig("locale", "C")
            .setPort(port)
            .setOutputRedirector(ProcessBuilder.Redirect.appendTo(log.toFile()))
            .setErrorRedirector(ProcessBuilder.Redirect.appendTo(log.toFile()));
    builder.setServerConfig("unix_socket_directories", "''");
    // costs little without fsync, and a killed server then keeps what was committed
    builder.setServerConfig("synchronous_commit", "on");
    // the command line goes through a shell
    settings.forEach(
        (name, value) -> builder.setServerConfig(name, "'" + value.replace("'", "'\\''") + "'"));
    EmbeddedPostgres server = builder.start();
    try (Connection connection = server.getPostgresDatabase().getConnection();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SHOW data_directory")) {
      row.next();
      if (!row.getString(1).equals(data.toString())) {
        throw new IOException("could not bind: another server answers on port " + server.getPort());
      }
      return server;
    } catch (SQLException e) {
      server.close();
      throw new IOException(e);
    }
  }

  /** Returns the initialised data directory in the cache, and makes it where it is missing. */
  private static Path template(ExtensionBinaryResolver binaries) throws IOException {
    Path cache = Files.createDirectories(Scratch.cache().resolve("server"));
    Path template = cache.resolve("template-" + binaries.major() + "-" + key(binaries));
    if (Files.exists(template)) {
      return template;
    }
    TEMPLATE_LOCK.lock();
    try (FileChannel lock =
        FileChannel.open(
            cache.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      lock.lock();
      if (Files.exists(template)) {
        return template;
      }
      try (Scratch scratch = Scratch.create()) {
        EmbeddedPostgres server = launch(binaries, scratch.data(), scratch.log(), 0, Map.of());
        try {
          Databases.embedded(server.getPort()).prepare();
        } catch (SQLException e) {
          throw new IOException("could not prepare the template database", e);
        } finally {
          server.close();
        }
        Files.deleteIfExists(scratch.data().resolve("epg-lock"));
        Path copy = Files.createTempDirectory(cache, ".template-").resolve("data");
        Scratch.copy(scratch.data(), copy);
        Files.move(copy, template, StandardCopyOption.ATOMIC_MOVE);
        Files.delete(copy.getParent());
      }
    } finally {
      TEMPLATE_LOCK.unlock();
    }
    return template;
  }

  private static String key(ExtensionBinaryResolver binaries) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(binaries.fingerprint());
      return HexFormat.of().formatHex(Arrays.copyOf(digest, 8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
