// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal;

import io.pghello.extension.testkit.internal.Databases.Login;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * An embedded server that keeps its data directory over stops and crashes.
 *
 * <p>{@code initdb} runs once for each build of the extensions: its result, with the template
 * database in it, is kept in the user's cache and copied for each server. That, and a data
 * directory in memory, are most of what makes a start fast.
 *
 * <p>Thread-safe.
 */
public final class EmbeddedServer {
  /** Part of the template's name; raise it when a template is prepared in another way. */
  private static final int TEMPLATE_FORMAT = 7;

  /** Each has some 40 MB, and there is one for each build and each set of extensions. */
  private static final int KEPT_TEMPLATES = 8;

  private static final String TEMPLATES = "template-";

  /** next to the data directory while it is created, and then in it */
  static final String PASSWORD_FILE = "pg-hello-password";

  private static final int ATTEMPTS = 3;
  private static final int LOG_LINES = 8;
  private static final String START_SECONDS = "60";
  private static final String STOP_SECONDS = "10";
  private static final long POLL_MILLIS = 5;
  private static final long CRASH_NANOS = TimeUnit.SECONDS.toNanos(20);
  private static final int CRASH_LINES = 3;
  private static final String CRASHED = "terminating any other active server processes";

  private static final String SOCKETS = "unix_socket_directories";
  private static final String LOOPBACK = "127.0.0.1";
  private static final String SUPERUSER = "postgres";
  private static final String SHARED_MEMORY = "dynamic_shared_memory_type";

  /** The settings for which tests want another value than PostgreSQL's default. */
  private static final Map<String, String> DEFAULTS =
      Map.of(
          "timezone",
          "UTC",
          "max_connections",
          "300",
          "fsync",
          "off",
          SOCKETS,
          "",
          // one address: a server with several starts even if another program has the port on one
          // of them
          "listen_addresses",
          LOOPBACK,
          // in the data directory, so that nothing is left when that is removed
          SHARED_MEMORY,
          "mmap");

  private final ReentrantLock lock = new ReentrantLock();
  private final ServerPrograms programs;
  private final int major;
  private final Map<String, String> settings;
  private final boolean fixedPort;
  private final Scratch scratch;
  private final Thread cleaner = new Thread(this::close, "pg-hello-server-closer");
  private String password = "";
  private int port;
  private boolean started;
  private @Nullable Process starter;
  private boolean closed;
  private boolean removed;
  private boolean kept;

  private EmbeddedServer(
      ServerPrograms programs, int major, Map<String, String> settings, int port, Scratch scratch) {
    this.programs = programs;
    this.major = major;
    this.settings = new TreeMap<>(DEFAULTS);
    this.settings.putAll(settings);
    if (programs.platform().isWindows()) {
      this.settings.remove(SHARED_MEMORY, DEFAULTS.get(SHARED_MEMORY));
    }
    // a list begins with the server's directory, and ends with the requested value or the default
    programs
        .settings()
        .forEach(
            (name, value) ->
                this.settings.merge(
                    name,
                    value,
                    (asked, own) ->
                        own.substring(0, own.lastIndexOf(File.pathSeparatorChar) + 1) + asked));
    this.port = port;
    this.fixedPort = port != 0;
    this.scratch = scratch;
    // from here on, the JVM may shut down at any time
    Runtime.getRuntime().addShutdownHook(cleaner);
  }

  /**
   * Starts a server.
   *
   * @param port the port; 0 for a free one
   * @param settings of {@code postgresql.conf}
   * @param names the names of its databases
   * @param extensions the extensions with files and settings
   * @param place the place of the server's programs; see {@link ServerPlace#EMBEDDED}
   */
  public static EmbeddedServer start(
      int port,
      Map<String, String> settings,
      DatabaseNames names,
      List<ServerExtension> extensions,
      String place)
      throws IOException {
    ServerStock found = ServerStock.of(place);
    int major = found.major();
    var content = new ServerContent(extensions, found);
    ServerStock stock = found.with(content.paths());
    String key = content.key(stock.identity());
    Cache cache = Cache.open();
    ServerPrograms programs = stock.programs(folder(cache, stock, content, key));
    Map<String, String> creation = content.creationSettings(settings);
    Path template =
        cache.folder(
            TEMPLATES
                + TEMPLATE_FORMAT
                + "-"
                + major
                + "-"
                + ServerContent.templateKey(key, names, creation),
            folder -> {
              content.requireUsable(programs);
              cache.removeUnused(TEMPLATES, KEPT_TEMPLATES);
              makeTemplate(programs, major, names, creation, folder);
            });
    var server =
        new EmbeddedServer(programs, major, content.settings(settings), port, Scratch.create());
    try {
      server.prepare(template);
      server.start();
      server.changePasswords(List.of(SUPERUSER, names.prefix()));
      return server;
    } catch (IOException | RuntimeException | Error e) {
      server.close();
      throw e;
    }
  }

  /** Returns the folder of a server with its extensions: links to an unpacked one, and files. */
  private static Path folder(Cache cache, ServerStock stock, ServerContent content, String key)
      throws IOException {
    String name = "postgresql-" + stock.major() + "-" + key;
    Path place = cache.path(name);
    if (!cache.has(name)) {
      Path unpacked = unpacked(cache, stock);
      cache.folder(name, folder -> content.write(unpacked, folder, place));
    }
    return place;
  }

  /** Returns the folder of a server without extensions. */
  static Path unpacked(Cache cache, ServerStock stock) throws IOException {
    return cache.folder(
        "postgresql-" + stock.major() + "-stock-" + stock.identity().replace(' ', '-'),
        stock::unpack);
  }

  private void prepare(Path template) throws IOException {
    lock.lock();
    try {
      requireOpen();
      Scratch.copy(template, scratch.data());
    } finally {
      lock.unlock();
    }
  }

  /** Starts it again, on the same port, if it does not run. */
  public void start() throws IOException {
    lock.lock();
    try {
      requireOpen();
      Path file = scratch.data().resolve(PASSWORD_FILE);
      if (Files.exists(file)) {
        // the data may have been replaced by the data of another server
        password = Files.readString(file);
      }
      for (int attempt = 1; !started; attempt++) {
        int chosen = port != 0 ? port : freePort();
        if (port != 0) {
          requireFree(port);
        }
        try {
          launch(chosen);
          port = chosen;
          started = true;
        } catch (IOException e) {
          // another process may have taken the port between the search and its use
          if (fixedPort || attempt == ATTEMPTS || !e.toString().contains("could not bind")) {
            throw e;
          }
        }
      }
    } finally {
      lock.unlock();
    }
  }

  private static int freePort() throws IOException {
    try (var socket = new ServerSocket(0, 1, loopback())) {
      return socket.getLocalPort();
    }
  }

  /** Returns the address that the server listens on, whatever the JVM prefers. */
  private static InetAddress loopback() throws IOException {
    return InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the server is closed");
    }
  }

  /** Reports immediately an error that the server would report only after some seconds. */
  private static void requireFree(int port) throws IOException {
    try (var socket = new ServerSocket()) {
      // connections of an earlier server on this port may linger
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(loopback(), port));
    } catch (BindException e) {
      throw new IOException(portProblem(port, e), e);
    }
  }

  /** Ordinary users cannot listen on ports up to 1023, even if they are free. */
  static String portProblem(int port, BindException e) {
    return "Port "
        + port
        + (String.valueOf(e.getMessage()).contains("denied") ? " is not allowed: " : " is taken: ")
        + e.getMessage()
        + ".";
  }

  /** Stops it as an administrator would; sessions are ended. Its data stays. */
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
      // also a server with an aborted startup, or that did not stop
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

  /** Ends it by force: all its processes receive SIGKILL immediately. Its data stays. */
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

  /** Returns the version of the server, e.g. 17.5. */
  public String version() throws IOException {
    return programs.version();
  }

  /** Returns the password of the superuser and of the owner of the databases. */
  public String password() {
    return password;
  }

  /** Returns the file that the server writes its log to. */
  public Path logFile() {
    return scratch.log();
  }

  /**
   * Returns the path of a program of PostgreSQL's tests, for example {@code regress/pg_regress},
   * which some servers contain.
   */
  public Path testProgram(String path) {
    return programs.libraries().resolve("pgxs/src/test").resolve(path);
  }

  /** Returns the folder of the server's own libpq, which its programs may need; null if none. */
  public @Nullable Path clientLibraries() throws IOException {
    Path folder = programs.bin().toRealPath().resolveSibling("lib");
    return programs
        .platform()
        .clientLibrary()
        .filter(library -> Files.exists(folder.resolve(library)))
        .map(library -> folder)
        .orElse(null);
  }

  /**
   * A server that runs on after the end of this JVM.
   *
   * @param passwords file of the roles' passwords, as psql and the driver read it
   * @param end command that ends the server and removes its data
   */
  record Kept(Path passwords, String end) {}

  /** Lets the server run after the end of this JVM; {@link #close()} no longer stops it. */
  Kept keep() throws IOException {
    lock.lock();
    try {
      Path passwords = scratch.passwords();
      if (!kept) {
        writePassword(passwords, LOOPBACK + ":" + port + ":*:*:" + password + "\n");
        kept = true;
      }
      return new Kept(passwords, endCommand(programs, scratch.path(), scratch.data()));
    } finally {
      lock.unlock();
    }
  }

  /**
   * Returns the command that ends a server and removes its data, for the shell of the platform.
   *
   * @param folder is removed
   * @param data the data directory in there
   */
  static String endCommand(ServerPrograms programs, Path folder, Path data) {
    return programs.platform().isWindows()
        ? quoted(programs.program("pg_ctl").toString(), false)
            + " -D "
            + quoted(data.toString(), false)
            + " -m immediate stop && rmdir /s /q "
            + quoted(folder.toString(), false)
        : "kill -QUIT $(head -n 1 "
            + quoted(data.resolve("postmaster.pid").toString(), true)
            + ") && rm -r "
            + quoted(folder.toString(), true);
  }

  /** Stops it and removes its data. A second call does nothing, unless the first has failed. */
  public void close() {
    lock.lock();
    try {
      if (removed) {
        return;
      }
      closed = true;
      if (!kept) {
        stop();
        scratch.close();
      }
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

  private void launch(int port) throws IOException {
    long logged = scratch.log().toFile().length();
    try {
      Process starting =
          programs.start(
              scratch.log(),
              defaultsOfSessions(port),
              "pg_ctl",
              "-D",
              scratch.data().toString(),
              "-o",
              options(port),
              "-w",
              "-t",
              START_SECONDS,
              "start");
      starter = starting;
      // it checks every 100 ms, so it runs for a moment longer
      while (!scratch.isReady()) {
        if (starting.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS) && starting.exitValue() != 0) {
          throw new IOException(ended("pg_ctl", starting.exitValue()));
        }
      }
      requireOwn(port);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      scratch.endServer();
      throw new IOException("Interrupted while PostgreSQL starts.", e);
    } catch (IOException | SQLException | RuntimeException e) {
      scratch.endServer();
      throw new IOException(startFailure(port, logged, e), e);
    }
  }

  /**
   * Returns the environment variables with which libpq in a session (for example dblink) connects
   * to this server.
   */
  private Map<String, String> defaultsOfSessions(int port) {
    String sockets = settings.getOrDefault(SOCKETS, "");
    return sockets.isEmpty()
        ? Map.of()
        : Map.of("PGHOST", sockets, "PGPORT", Integer.toString(port), "PGUSER", "postgres");
  }

  /** Returns the arguments that pg_ctl passes to the server, through a shell. */
  private String options(int port) throws IOException {
    var options = new StringBuilder("-p ").append(port);
    if (programs.platform().isWindows()) {
      SettingsFile.write(scratch.data(), settings);
    } else {
      settings.forEach(
          (name, value) -> options.append(" -c ").append(quoted(name + "=" + value, true)));
    }
    return options.toString();
  }

  private static String ended(String program, int status) {
    return program + " ended with status " + status + "." + Remedies.ofStatus(status);
  }

  /** The command line goes through a shell, which is cmd.exe on Windows. */
  static String quoted(String argument, boolean posix) {
    return posix
        ? "'" + argument.replace("'", "'\\''") + "'"
        : '"' + argument.replace("\"", "\\\"") + '"';
  }

  /** Requires a password for all logins, including local ones. */
  private void requirePasswords() throws IOException {
    Files.writeString(
        scratch.data().resolve("pg_hba.conf"),
        """
        # a client may refuse to send a password in clear text; this also allows roles with SCRAM passwords
        host all all 127.0.0.1/32 md5
        host all all ::1/128 md5
        """);
  }

  private void requireOwn(int port) throws SQLException, IOException {
    try (Connection connection = superuser(port).getConnection();
        Statement statement = connection.createStatement();
        // on Windows its encoding is not the one of the database
        ResultSet row =
            statement.executeQuery(
                "SELECT pg_catalog.encode(pg_catalog.convert_to("
                    + "pg_catalog.current_setting('data_directory'), 'SQL_ASCII'), 'hex')")) {
      row.next();
      byte[] folder = HexFormat.of().parseHex(row.getString(1));
      if (!Path.of(new String(folder, Scratch.PATHS)).equals(scratch.data())) {
        throw new IOException("could not bind: another server answers on port " + port + ".");
      }
    }
  }

  private DataSource superuser(int port) {
    PGSimpleDataSource dataSource =
        Databases.source(LOOPBACK, port, "postgres", new Login(SUPERUSER, password));
    Databases.refuseClearText(dataSource);
    return dataSource;
  }

  /** Gives roles a new password, so that a server does not share it with others of its template. */
  private void changePasswords(List<String> roles) throws IOException {
    lock.lock();
    try (Connection connection = superuser(port).getConnection();
        Statement statement = connection.createStatement()) {
      String secret = newPassword();
      // hashed here, so that no log has the password
      var changes = new StringBuilder(major >= 18 ? "SET md5_password_warnings = off;" : "");
      for (String role : roles) {
        changes
            .append("ALTER ROLE \"")
            .append(role)
            .append("\" PASSWORD 'md5")
            .append(md5(secret + role))
            .append("';");
      }
      statement.execute(changes.toString());
      writePassword(scratch.data().resolve(PASSWORD_FILE), secret);
      password = secret;
    } catch (SQLException e) {
      throw new IOException("The passwords of the server cannot be changed: " + e.getMessage(), e);
    } finally {
      lock.unlock();
    }
  }

  private static String md5(String text) {
    try {
      return HexFormat.of()
          .formatHex(
              MessageDigest.getInstance("MD5").digest(text.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("PostgreSQL's passwords need MD5", e);
    }
  }

  private static String newPassword() {
    byte[] random = new byte[16];
    new SecureRandom().nextBytes(random);
    return HexFormat.of().formatHex(random);
  }

  /** Writes a file that only this user can read at any time. */
  private static void writePassword(Path file, String password) throws IOException {
    Files.deleteIfExists(file);
    if (Platform.POSIX) {
      Files.createFile(
          file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    }
    Files.writeString(file, password);
  }

  /** Returns the error with the end of the log since a position. */
  private String startFailure(int port, long logged, Throwable cause) throws IOException {
    String log = log(logged);
    return "PostgreSQL "
        + major
        + " in "
        + programs.bin()
        + " did not start"
        + (port == 0 ? "" : " on port " + port)
        + (log.contains("cannot be run as root")
            ? ": it refuses to run as root"
                + (programs.platform().isLinux()
                    ? ", and user namespaces (unshare -U) are not allowed here"
                    : "")
                + ". Run as an ordinary user, or use a container or a server of your own"
            : "")
        + ". "
        + (cause.getClass() == IOException.class ? cause.getMessage() : cause)
        + Remedies.of(log)
        + " "
        + endOfLog(logged);
  }

  /** Returns the log of the server since a position. */
  private String log(long logged) throws IOException {
    if (!Files.exists(scratch.log())) {
      return "";
    }
    byte[] bytes = Files.readAllBytes(scratch.log());
    return new String(bytes, (int) logged, bytes.length - (int) logged, StandardCharsets.UTF_8);
  }

  private String endOfLog(long logged) throws IOException {
    List<String> lines = log(logged).lines().toList();
    return "The end of its log: "
        + String.join(" | ", lines.subList(Math.max(0, lines.size() - LOG_LINES), lines.size()));
  }

  /** Returns the log about a process that a library has crashed, and stops the server. */
  private String crash() throws IOException {
    long end = System.nanoTime() + CRASH_NANOS;
    // a client learns of it before the server does
    while (!log(0).contains(CRASHED) && System.nanoTime() < end) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(POLL_MILLIS));
    }
    kill();
    List<String> lines = log(0).lines().toList();
    int crashed = 0;
    while (crashed < lines.size() - 1 && !lines.get(crashed).contains(CRASHED)) {
      crashed++;
    }
    return "The server has lost the process that ran it: the library, or the script, has ended it. "
        + String.join(" | ", lines.subList(Math.max(0, crashed - CRASH_LINES), crashed + 1));
  }

  /** Returns whether a session was lost, as when a library ends the process. */
  private static boolean crashed(SQLException e) {
    String state = String.valueOf(e.getSQLState());
    return state.startsWith("08") || state.startsWith("57P");
  }

  /** Makes a data directory with the template database in it. */
  private static void makeTemplate(
      ServerPrograms programs,
      int major,
      DatabaseNames names,
      Map<String, String> settings,
      Path folder)
      throws IOException {
    // SCRAM would add milliseconds and a round trip to each login, to protect weak passwords.
    // This one is random.
    var all = new TreeMap<>(settings);
    all.put("password_encryption", "md5");
    if (major >= 18) {
      all.put("md5_password_warnings", "off");
    }
    var server = new EmbeddedServer(programs, major, all, 0, Scratch.create());
    try {
      server.initialize();
      server.start();
      try (Databases databases = Databases.embedded(server.port(), server.password(), names);
          Connection superuser = server.superuser(server.port()).getConnection();
          Statement statement = superuser.createStatement()) {
        databases.prepare();
        statement.execute("ALTER ROLE CURRENT_USER PASSWORD '" + server.password() + "'");
      } catch (SQLException e) {
        throw new IllegalStateException(
            "The template database cannot be prepared: "
                + e.getMessage()
                + (crashed(e) ? " " + server.crash() : ""),
            e);
      }
      server.stop();
      Scratch.copy(server.scratch.data(), folder);
    } finally {
      server.close();
    }
  }

  /** Creates an empty data directory, for a superuser with a random password. */
  private void initialize() throws IOException {
    lock.lock();
    try {
      requireOpen();
      password = newPassword();
      Path file = scratch.data().resolveSibling(PASSWORD_FILE);
      writePassword(file, password);
      int status =
          programs.run(
              scratch.log(),
              "initdb",
              "--auth=trust",
              "--username=postgres",
              "--pwfile=" + file,
              "--encoding=UTF-8",
              "--locale=C",
              "--no-sync",
              "--pgdata=" + scratch.data());
      if (status != 0) {
        throw new IOException(startFailure(0, 0, new IOException(ended("initdb", status))));
      }
      Files.move(file, scratch.data().resolve(PASSWORD_FILE));
      requirePasswords();
    } finally {
      lock.unlock();
    }
  }
}
