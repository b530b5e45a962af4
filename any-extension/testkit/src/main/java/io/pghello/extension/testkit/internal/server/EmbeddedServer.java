// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.server;

import io.pghello.extension.testkit.internal.cache.InstallationCache;
import io.pghello.extension.testkit.internal.database.Login;
import io.pghello.extension.testkit.internal.database.ServerAddress;
import io.pghello.extension.testkit.internal.distribution.PostgresCommands;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * An embedded PostgreSQL server. It keeps its data directory when it stops or crashes. {@link
 * #close()} removes the directory unless {@link #keep()} was called.
 *
 * <p>Thread-safe.
 */
public final class EmbeddedServer {
  private static final int ATTEMPTS = 3;
  private static final String START_SECONDS = "60";
  private static final String STOP_SECONDS = "10";
  private static final long POLL_MILLIS = 5;

  /** The time for a server to write postmaster.pid after pg_ctl has reported that it is ready. */
  private static final long UNRECOGNIZED_MILLIS = 10_000;

  static final String SUPERUSER = "postgres";

  private final ReentrantLock lock = new ReentrantLock();
  private final PostgresCommands programs;
  private final int major;
  private final ServerSettings settings;
  private final boolean fixedPort;
  private final DataDirectory scratch;
  private final ServerLog log;
  private final Thread cleaner = new Thread(this::close, "pg-hello-server-closer");
  private String password = "";
  private int port;
  private boolean started;
  private @Nullable Process starter;
  private boolean closed;
  private boolean removed;
  private boolean kept;
  private @Nullable CachedTemplate cached;
  private boolean restored;

  /**
   * Creates a server without a data directory, which {@link #createData} or {@code restore} writes.
   *
   * @param port the port to listen on; 0 for a free port
   */
  EmbeddedServer(
      PostgresCommands programs,
      int major,
      ServerSettings settings,
      int port,
      DataDirectory scratch) {
    this.programs = programs;
    this.major = major;
    this.settings = settings;
    this.port = port;
    this.fixedPort = port != 0;
    this.scratch = scratch;
    this.log = new ServerLog(scratch.log(), programs, major);
    // register the hook before the server is started, because the JVM may exit at any time
    Runtime.getRuntime().addShutdownHook(cleaner);
  }

  /**
   * Copies a preparer's template from the cache. If the cache does not contain the template, locks
   * it until {@link #storeTemplate} or {@link #releaseTemplate} is called.
   */
  void restore(CachedTemplate template) throws IOException {
    lock.lock();
    try {
      restored = template.restore(scratch.data());
      if (!restored) {
        cached = template;
        template.lock();
        // another JVM may have stored the template while this JVM waited
        restored = template.restore(scratch.data());
      }
    } finally {
      lock.unlock();
    }
  }

  /** Returns whether the server was started with a template from the cache. */
  boolean isRestored() {
    return restored;
  }

  /** Returns whether {@link #storeTemplate} can store the data directory in the cache. */
  boolean canStoreTemplate() {
    return cached != null && cached.isLocked();
  }

  /** Stops the server, stores its data directory in the cache, and starts the server again. */
  void storeTemplate() throws IOException {
    lock.lock();
    try {
      CachedTemplate template = cached;
      if (template != null) {
        stop();
        template.store(scratch.data());
        releaseTemplate();
        start();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Lets other JVMs prepare the template. Further calls do nothing. */
  void releaseTemplate() throws IOException {
    lock.lock();
    try {
      if (cached != null) {
        cached.close();
        cached = null;
      }
    } finally {
      lock.unlock();
    }
  }

  /** Writes the data directory before the first start. */
  void createData(InstallationCache.Contents content) throws IOException {
    lock.lock();
    try {
      requireOpen();
      content.write(scratch.data());
    } finally {
      lock.unlock();
    }
  }

  /** Starts the server if it is not running. A server that is started again uses the same port. */
  public void start() throws IOException {
    lock.lock();
    try {
      requireOpen();
      Path file = scratch.data().resolve(DataDirectory.PASSWORD_FILE);
      if (Files.exists(file)) {
        // the data directory may have been replaced with another server's data directory
        password = Files.readString(file);
      }
      for (int attempt = 1; !started; attempt++) {
        int chosen = port != 0 ? port : ServerPort.findFree();
        if (port != 0) {
          ServerPort.requireFree(port);
        }
        try {
          launch(chosen);
          port = chosen;
          started = true;
        } catch (IOException e) {
          // another process may have taken the port since it was found to be free
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

  /** Shuts the server down cleanly and ends its sessions. Keeps the data. */
  public void stop() {
    lock.lock();
    try {
      if (started) {
        started = false;
        programs.run(
            scratch.log(),
            "pg_ctl",
            "-D",
            scratch.data().toString(),
            "-m",
            "fast",
            "-w",
            "-t",
            STOP_SECONDS,
            "stop");
      }
      // ends a server that is still running because its start was aborted, or because pg_ctl could
      // not stop it
      scratch.endServer();
      if (starter != null) {
        starter.onExit().join();
        starter = null;
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      lock.unlock();
    }
  }

  /** Sends SIGKILL to all processes of the server. Keeps the data. */
  public void kill() {
    lock.lock();
    try {
      scratch.server().ifPresent(DataDirectory::kill);
      stop();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      lock.unlock();
    }
  }

  /** Returns whether the server is running. */
  public boolean isRunning() {
    lock.lock();
    try {
      return started && scratch.server().isPresent();
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
    return major;
  }

  /** Returns the programs of the server. */
  public PostgresCommands programs() {
    return programs;
  }

  /** Returns the password of the superuser and of the owner of the databases. */
  public String password() {
    return password;
  }

  /** Returns the log file of the server. */
  public Path logFile() {
    return scratch.log();
  }

  /**
   * Keeps the server running after this JVM exits. After this call, {@link #close()} does not stop
   * the server.
   */
  KeptServer keep() throws IOException {
    lock.lock();
    try {
      Path passwords = scratch.passwords();
      if (!kept) {
        ServerPasswords.write(
            passwords, ServerPort.LOOPBACK + ":" + port + ":*:*:" + password + "\n");
        kept = true;
      }
      return new KeptServer(
          passwords, KeptServer.endCommand(programs, scratch.path(), scratch.data()));
    } finally {
      lock.unlock();
    }
  }

  /**
   * Stops the server and removes its data, unless {@link #keep()} was called. Further calls do
   * nothing, unless the first one failed.
   */
  public void close() {
    lock.lock();
    try {
      if (removed) {
        return;
      }
      closed = true;
      releaseTemplate();
      if (!kept) {
        stop();
        scratch.close();
      }
      removed = true;
      if (!Thread.currentThread().equals(cleaner)) {
        Runtime.getRuntime().removeShutdownHook(cleaner);
      }
    } catch (IllegalStateException e) {
      // the JVM is exiting, so the shutdown hook cannot be removed; when the hook calls this
      // method, the call does nothing
      return;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      lock.unlock();
    }
  }

  private void launch(int port) throws IOException {
    long logged = log.length();
    try {
      Process starting =
          programs.start(
              scratch.log(),
              settings.defaultsOfSessions(port),
              "pg_ctl",
              "-D",
              scratch.data().toString(),
              "-o",
              settings.options(port, scratch.data(), cached == null),
              "-w",
              "-t",
              START_SECONDS,
              "start");
      starter = starting;
      // pg_ctl polls every 100 ms, so it may still be running when the server is ready
      long polls = 0;
      while (!scratch.isReady()) {
        if (!starting.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
          continue;
        }
        if (starting.exitValue() != 0) {
          throw new IOException(ServerLog.ended("pg_ctl", starting.exitValue()));
        }
        polls++;
        if (polls * POLL_MILLIS > UNRECOGNIZED_MILLIS) {
          String reason = scratch.unrecognized();
          programs
              .start(
                  scratch.log(),
                  Map.of(),
                  "pg_ctl",
                  "-D",
                  scratch.data().toString(),
                  "-m",
                  "immediate",
                  "stop")
              .waitFor(UNRECOGNIZED_MILLIS, TimeUnit.MILLISECONDS);
          throw new IOException("The server started, but cannot be recognized: " + reason + ".");
        }
        Thread.sleep(POLL_MILLIS);
      }
      requireOwn(port);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      scratch.endServer();
      throw new IOException("Interrupted while PostgreSQL was starting.", e);
    } catch (IOException | SQLException | RuntimeException e) {
      scratch.endServer();
      throw new IOException(log.startFailure(port, logged, e), e);
    }
  }

  private void requireOwn(int port) throws SQLException, IOException {
    try (Connection connection = connect(port);
        Statement statement = connection.createStatement();
        // read the path as bytes: on Windows, its encoding differs from the database's encoding
        ResultSet row =
            statement.executeQuery(
                "SELECT pg_catalog.encode(pg_catalog.convert_to("
                    + "pg_catalog.current_setting('data_directory'), 'SQL_ASCII'), 'hex')")) {
      row.next();
      byte[] folder = HexFormat.of().parseHex(row.getString(1));
      if (!Path.of(new String(folder, DataDirectory.PATHS)).equals(scratch.data())) {
        throw new IOException(
            "PostgreSQL could not bind to port "
                + port
                + ", because another server is listening on it. Choose another port, or 0 for any"
                + " free port.");
      }
    }
  }

  /** Connects to the running server as the superuser. */
  Connection connect() throws SQLException {
    return connect(port);
  }

  private Connection connect(int port) throws SQLException {
    PGSimpleDataSource dataSource =
        ServerAddress.source(ServerPort.LOOPBACK, port, "postgres", new Login(SUPERUSER, password));
    ServerAddress.rejectClearText(dataSource);
    return dataSource.getConnection();
  }

  /**
   * Sets the same new password for all given roles. Otherwise, all servers copied from one template
   * would have the template's password.
   */
  void changePasswords(List<String> roles) throws IOException {
    lock.lock();
    try (Connection connection = connect()) {
      String secret = ServerPasswords.change(connection, roles);
      ServerPasswords.write(scratch.data().resolve(DataDirectory.PASSWORD_FILE), secret);
      password = secret;
    } catch (SQLException e) {
      throw new IOException("The passwords of the server cannot be changed: " + e.getMessage(), e);
    } finally {
      lock.unlock();
    }
  }
}
