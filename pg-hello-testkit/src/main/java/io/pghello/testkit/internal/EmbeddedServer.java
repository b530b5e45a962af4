// SPDX-License-Identifier: MIT
package io.pghello.testkit.internal;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.File;
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
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * An embedded server that keeps its data directory over stops and crashes.
 *
 * <p>{@code initdb} runs once for each build of the extension: its result, with the template
 * database in it, is kept in the user's cache and copied for each server. That, and a data
 * directory in memory, are most of what makes a start fast.
 *
 * <p>Thread-safe.
 */
public final class EmbeddedServer {
  /** Part of the template's name; raise it when a template is prepared in another way. */
  private static final int TEMPLATE_FORMAT = 3;

  private static final String PASSWORD_FILE = "pg-hello-password";
  private static final String LOCK_FILE = "epg-lock";
  private static final int ATTEMPTS = 3;
  private static final int LOG_LINES = 8;

  // a file lock is a whole JVM's
  private static final ReentrantLock TEMPLATE_LOCK = new ReentrantLock();

  private final ReentrantLock lock = new ReentrantLock();
  private final ExtensionBinaryResolver binaries;
  private final Map<String, String> settings;
  private final boolean fixedPort;
  private final Scratch scratch;
  private final Thread cleaner = new Thread(this::close, "pg-hello-server-closer");
  private String password = "";
  private int port;
  private @Nullable EmbeddedPostgres running;
  private boolean closed;
  private boolean removed;

  private EmbeddedServer(
      ExtensionBinaryResolver binaries, Map<String, String> settings, int port, Scratch scratch) {
    this.binaries = binaries;
    this.settings = Map.copyOf(settings);
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
    var server = new EmbeddedServer(binaries, settings, port, Scratch.create());
    // from here on the JVM may be told to end at any moment
    Runtime.getRuntime().addShutdownHook(server.cleaner);
    try {
      server.prepare(template);
      server.start();
      return server;
    } catch (IOException | RuntimeException | Error e) {
      server.close();
      throw e;
    }
  }

  private void prepare(Path template) throws IOException {
    lock.lock();
    try {
      requireOpen();
      Scratch.copy(template, scratch.data());
      password = Files.readString(scratch.data().resolve(PASSWORD_FILE));
    } finally {
      lock.unlock();
    }
  }

  /** Starts it again, on the same port, if it does not run. */
  public void start() throws IOException {
    lock.lock();
    try {
      requireOpen();
      for (int attempt = 1; running == null; attempt++) {
        if (port != 0) {
          requireFree(port);
        }
        try {
          running = launch(binaries, scratch, port, settings, password);
          port = running.getPort();
        } catch (IOException e) {
          // between the search for a free port and its use somebody else may have taken it
          if (fixedPort || attempt == ATTEMPTS || !e.toString().contains("could not bind")) {
            throw e;
          }
        }
      }
    } finally {
      lock.unlock();
    }
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the server is closed");
    }
  }

  /** Says at once what the server would say only after some seconds. */
  private static void requireFree(int port) throws IOException {
    try (var socket = new ServerSocket()) {
      // connections of an earlier server on this port may linger
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    } catch (BindException e) {
      throw new IOException("Port " + port + " is taken: " + e.getMessage() + ".", e);
    }
  }

  /** Stops it as an administrator would; sessions are ended. Its data stays. */
  public void stop() {
    lock.lock();
    try {
      if (running != null) {
        running.close();
        running = null;
      }
      // also one whose start was given up
      scratch.endServer();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      lock.unlock();
    }
  }

  /** Ends it by force: all its processes get SIGKILL at once. Its data stays. */
  public void kill() {
    lock.lock();
    try {
      scratch.server().ifPresent(Scratch::kill);
      stop();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      lock.unlock();
    }
  }

  /** Returns whether the server runs. */
  public boolean isRunning() {
    lock.lock();
    try {
      return running != null && scratch.server().isPresent();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      lock.unlock();
    }
  }

  /** Returns the port. */
  public int port() {
    return port;
  }

  /** Returns the major version. */
  public int major() {
    return binaries.major();
  }

  /** Returns the password of the superuser and of the owner of the databases. */
  public String password() {
    return password;
  }

  /** Returns the file that the server writes its log to. */
  public Path logFile() {
    return scratch.log();
  }

  /** Stops it and removes its data. A second call does nothing, unless the first has failed. */
  public void close() {
    lock.lock();
    try {
      if (removed) {
        return;
      }
      closed = true;
      stop();
      scratch.close();
      removed = true;
      if (!Thread.currentThread().equals(cleaner)) {
        Runtime.getRuntime().removeShutdownHook(cleaner);
      }
    } catch (IllegalStateException e) {
      // the JVM is going down, and the hook finds nothing left to do
      return;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      lock.unlock();
    }
  }

  private static EmbeddedPostgres launch(
      ExtensionBinaryResolver binaries,
      Scratch scratch,
      int port,
      Map<String, String> settings,
      String password)
      throws IOException {
    Path passwordFile = scratch.data().resolveSibling(PASSWORD_FILE);
    Files.writeString(passwordFile, password);
    File log = scratch.log().toFile();
    var builder =
        EmbeddedPostgres.builder()
            .setPgBinaryResolver(binaries)
            .setOverrideWorkingDirectory(Scratch.cache().toFile())
            .setDataDirectory(scratch.data())
            .setCleanDataDirectory(false)
            .setRegisterShutdownHook(false)
            // options of initdb, for which there is no other way
            .setLocaleConfig("locale", "C")
            .setLocaleConfig("pwfile", passwordFile.toString())
            .setDataDirectoryCustomizer(EmbeddedServer::requirePasswords)
            .setConnectConfig("password", password)
            .setConnectConfig("loginTimeout", "2")
            .setPort(port)
            .setOutputRedirector(ProcessBuilder.Redirect.appendTo(log))
            .setErrorRedirector(ProcessBuilder.Redirect.appendTo(log));
    builder.setServerConfig("unix_socket_directories", "''");
    // in the data directory, so that nothing is left when that is removed
    builder.setServerConfig("dynamic_shared_memory_type", "mmap");
    // costs little without fsync, and a killed server then keeps what was committed
    builder.setServerConfig("synchronous_commit", "on");
    // the command line goes through a shell
    settings.forEach(
        (name, value) -> builder.setServerConfig(name, "'" + value.replace("'", "'\\''") + "'"));
    try {
      EmbeddedPostgres server = builder.start();
      requireOwn(server, scratch);
      return server;
    } catch (IOException | SQLException | RuntimeException | ExceptionInInitializerError e) {
      scratch.endServer();
      // the library keeps it locked, and would refuse the next attempt
      Files.deleteIfExists(scratch.data().resolve(LOCK_FILE));
      throw new IOException(startFailure(binaries.major(), port, scratch, e), e);
    }
  }

  /** Lets nobody in without a password, not even on this machine. */
  private static void requirePasswords(File data) {
    try {
      Files.writeString(
          data.toPath().resolve("pg_hba.conf"),
          """
          # the password is sent over the loopback interface only
          host all all 127.0.0.1/32 password
          host all all ::1/128 password
          """);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void requireOwn(EmbeddedPostgres server, Scratch scratch)
      throws SQLException, IOException {
    try (Connection connection = server.getPostgresDatabase().getConnection();
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SHOW data_directory")) {
      row.next();
      if (!row.getString(1).equals(scratch.data().toString())) {
        throw new IOException("could not bind: another server answers on port " + server.getPort());
      }
    }
  }

  private static String startFailure(int major, int port, Scratch scratch, Throwable cause)
      throws IOException {
    String log =
        Files.exists(scratch.log())
            ? new String(Files.readAllBytes(scratch.log()), StandardCharsets.UTF_8)
            : "";
    List<String> lines = log.lines().toList();
    return "The embedded PostgreSQL "
        + major
        + " did not start"
        + (port == 0 ? "" : " on port " + port)
        + (log.contains("cannot be run as root")
            ? ": it refuses to run as root, and user namespaces (unshare -U) are not allowed here."
                + " Run as an ordinary user, or use a container or a server of your own"
            : "")
        + ". "
        + cause
        + " The end of its log: "
        + String.join(" | ", lines.subList(Math.max(0, lines.size() - LOG_LINES), lines.size()));
  }

  /** Returns the initialised data directory in the cache, and makes it where it is missing. */
  private static Path template(ExtensionBinaryResolver binaries) throws IOException {
    Path cache = Scratch.cache();
    Path template =
        cache.resolve("template-" + TEMPLATE_FORMAT + "-" + binaries.major() + "-" + key(binaries));
    if (Files.exists(template)) {
      return template;
    }
    TEMPLATE_LOCK.lock();
    try (FileChannel lock =
        FileChannel.open(
            cache.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      lock.lock();
      if (!Files.exists(template)) {
        makeTemplate(binaries, template);
      }
    } finally {
      TEMPLATE_LOCK.unlock();
    }
    return template;
  }

  private static void makeTemplate(ExtensionBinaryResolver binaries, Path template)
      throws IOException {
    byte[] random = new byte[16];
    new SecureRandom().nextBytes(random);
    String password = HexFormat.of().formatHex(random);
    // to check a password would take the server milliseconds at each log-in, so that those that
    // people choose are hard to guess; nobody guesses this one
    Map<String, String> quickPasswords =
        binaries.major() < 16
            ? Map.of("password_encryption", "md5")
            : Map.of("scram_iterations", "1");
    try (Scratch scratch = Scratch.create()) {
      EmbeddedPostgres server = launch(binaries, scratch, 0, quickPasswords, password);
      try (Databases databases = Databases.embedded(server.getPort(), password);
          Connection superuser = server.getPostgresDatabase().getConnection();
          Statement statement = superuser.createStatement()) {
        databases.prepare();
        statement.execute("ALTER ROLE CURRENT_USER PASSWORD '" + password + "'");
      } catch (SQLException e) {
        throw new IOException("could not prepare the template database", e);
      } finally {
        server.close();
        scratch.endServer();
      }
      Path file = Files.writeString(scratch.data().resolve(PASSWORD_FILE), password);
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
      Files.deleteIfExists(scratch.data().resolve(LOCK_FILE));
      Path copy = Files.createTempDirectory(template.getParent(), ".template-").resolve("data");
      Scratch.copy(scratch.data(), copy);
      Files.move(copy, template, StandardCopyOption.ATOMIC_MOVE);
      Files.delete(copy.getParent());
    }
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
