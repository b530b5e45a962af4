// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.server;

import io.pghello.extension.testkit.internal.cache.InstallationCache;
import io.pghello.extension.testkit.internal.cache.Platform;
import io.pghello.extension.testkit.internal.database.DatabaseFactory;
import io.pghello.extension.testkit.internal.database.DatabaseNames;
import io.pghello.extension.testkit.internal.database.Login;
import io.pghello.extension.testkit.internal.database.Remedies;
import io.pghello.extension.testkit.internal.database.ScramVerifier;
import io.pghello.extension.testkit.internal.database.ServerAddress;
import io.pghello.extension.testkit.internal.database.TemplateRequest;
import io.pghello.extension.testkit.internal.distribution.Distributions;
import io.pghello.extension.testkit.internal.distribution.InstalledDistribution;
import io.pghello.extension.testkit.internal.distribution.PostgresCommands;
import io.pghello.extension.testkit.internal.distribution.PostgresDistribution;
import io.pghello.extension.testkit.internal.files.ExtensionBundle;
import io.pghello.extension.testkit.internal.files.ServerExtension;
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
 * An embedded PostgreSQL server. It keeps its data directory when it stops or crashes. {@link
 * #close()} removes the directory unless {@link #keep()} was called.
 *
 * <p>{@code initdb} runs once for each build of the extensions. The resulting data directory,
 * including the template database, is stored in the user's cache and copied for each server.
 * Servers start quickly because they use this copy, and because their data directories are in
 * memory if possible.
 *
 * <p>Thread-safe.
 */
public final class EmbeddedServer {
  /**
   * The format of templates, which is part of their names. Increase this number if templates are
   * prepared differently.
   */
  private static final int TEMPLATE_FORMAT = 9;

  /**
   * The number of cached templates to keep. Each build and set of extensions has its own template
   * of about 40 MB.
   */
  private static final int KEPT_TEMPLATES = 8;

  private static final String TEMPLATES = "template-";

  private static final int ATTEMPTS = 3;
  private static final int LOG_LINES = 8;
  private static final String START_SECONDS = "60";
  private static final String STOP_SECONDS = "10";
  private static final long POLL_MILLIS = 5;

  /** The time for a server to write postmaster.pid after pg_ctl has reported that it is ready. */
  private static final long UNRECOGNIZED_MILLIS = 10_000;

  private static final long CRASH_NANOS = TimeUnit.SECONDS.toNanos(20);
  private static final int CRASH_LINES = 3;
  private static final String CRASHED = "terminating any other active server processes";

  private static final String SOCKETS = "unix_socket_directories";
  private static final String LOOPBACK = "127.0.0.1";
  private static final String SUPERUSER = "postgres";
  private static final String SHARED_MEMORY = "dynamic_shared_memory_type";

  /** Settings for which tests need values that differ from PostgreSQL's defaults. */
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
          // a single address, because with several addresses the server would start even if another
          // program used the port on one of these addresses
          "listen_addresses",
          LOOPBACK,
          // keeps shared memory in files in the data directory, so that it is removed together with
          // the directory
          SHARED_MEMORY,
          "mmap");

  private final ReentrantLock lock = new ReentrantLock();
  private final PostgresCommands programs;
  private final int major;
  private final Map<String, String> settings;
  private final boolean fixedPort;
  private final DataDirectory scratch;
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

  private EmbeddedServer(
      PostgresCommands programs,
      int major,
      Map<String, String> settings,
      int port,
      DataDirectory scratch) {
    this.programs = programs;
    this.major = major;
    this.settings = new TreeMap<>(DEFAULTS);
    this.settings.putAll(settings);
    if (programs.platform().isWindows()) {
      this.settings.remove(SHARED_MEMORY, DEFAULTS.get(SHARED_MEMORY));
    }
    // PATH-like settings: the server's own directory comes first, followed by the configured value
    // or the default
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
    // register the hook before the server is started, because the JVM may exit at any time
    Runtime.getRuntime().addShutdownHook(cleaner);
  }

  /**
   * Starts a server.
   *
   * @param port the port to listen on; 0 for a free port
   * @param settings the settings for {@code postgresql.conf}
   * @param names the names of the role, the databases and the template's extensions
   * @param extensions the extensions to add to the server
   * @param place the location of the server's programs; see {@code ServerLocation.EMBEDDED}
   */
  public static EmbeddedServer start(
      int port,
      Map<String, String> settings,
      DatabaseNames names,
      List<ServerExtension> extensions,
      String place)
      throws IOException {
    return start(port, settings, names, extensions, place, null);
  }

  /**
   * Starts a server with a preparer's template, if the cache contains the template. Otherwise, the
   * caller prepares the template, and then calls {@link #releaseTemplate} or {@link
   * #storeTemplate}, for which other JVMs wait.
   *
   * @param request the template; null for a server without one
   */
  static EmbeddedServer start(
      int port,
      Map<String, String> settings,
      DatabaseNames names,
      List<ServerExtension> extensions,
      String place,
      @Nullable TemplateRequest request)
      throws IOException {
    PostgresDistribution found = Distributions.at(place);
    int major = found.major();
    var content = new ExtensionBundle(extensions, found);
    PostgresDistribution stock =
        found instanceof InstalledDistribution installed ? installed.with(content.paths()) : found;
    String key = content.key(stock.identity());
    InstallationCache cache = InstallationCache.open();
    PostgresCommands programs = stock.programs(folder(cache, stock, content, key));
    Map<String, String> creation = content.creationSettings(settings);
    Path template =
        cache.folder(
            TEMPLATES + TEMPLATE_FORMAT + "-" + major + "-" + names.templateKey(key, creation),
            folder -> {
              content.requireUsable(programs, stock.systemVersion());
              cache.removeUnused(TEMPLATES, KEPT_TEMPLATES);
              try {
                makeTemplate(programs, major, names, creation, folder);
              } catch (IOException | IllegalStateException e) {
                String differing = content.differingLibraries();
                if (differing.isEmpty()) {
                  throw e;
                }
                throw new IllegalStateException(e.getMessage() + differing, e);
              }
            });
    var server =
        new EmbeddedServer(
            programs, major, content.settings(settings), port, DataDirectory.create());
    try {
      if (request != null) {
        String base = template.getFileName().toString();
        server.restore(new CachedTemplate(cache, base, server.settings, request));
      }
      if (!server.restored) {
        server.prepare(template);
      }
      server.start();
      server.changePasswords(List.of(SUPERUSER, names.prefix()));
      return server;
    } catch (IOException | RuntimeException | Error e) {
      server.close();
      throw e;
    }
  }

  /**
   * Returns the directory of a server with its extensions. It contains links to the files of an
   * unpacked server, and the extensions' files.
   */
  private static Path folder(
      InstallationCache cache, PostgresDistribution stock, ExtensionBundle content, String key)
      throws IOException {
    String name = "postgresql-" + stock.major() + "-" + key;
    Path place = cache.path(name);
    if (!cache.has(name)) {
      Path unpacked = unpacked(cache, stock);
      cache.folder(name, folder -> content.write(unpacked, folder, place));
    }
    return place;
  }

  /** Returns the directory of an unpacked server without extensions. */
  static Path unpacked(InstallationCache cache, PostgresDistribution stock) throws IOException {
    return cache.folder(
        "postgresql-" + stock.major() + "-stock-" + stock.identity().replace(' ', '-'),
        stock::unpack);
  }

  private void restore(CachedTemplate template) throws IOException {
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

  private void prepare(Path template) throws IOException {
    lock.lock();
    try {
      requireOpen();
      DataDirectory.copy(template, scratch.data());
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
        int chosen = port != 0 ? port : freePort();
        if (port != 0) {
          requireFree(port);
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

  private static int freePort() throws IOException {
    try (var socket = new ServerSocket(0, 1, loopback())) {
      return socket.getLocalPort();
    }
  }

  /** Returns the address that the server listens on. It is IPv4 even if the JVM prefers IPv6. */
  private static InetAddress loopback() throws IOException {
    return InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the server is closed");
    }
  }

  /**
   * Throws an exception if the port is in use. Without this check, the server would report the
   * problem only after a few seconds.
   */
  private static void requireFree(int port) throws IOException {
    try (var socket = new ServerSocket()) {
      // connections of an earlier server on this port may be in TIME_WAIT
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(loopback(), port));
    } catch (BindException e) {
      throw new IOException(portProblem(port, e), e);
    }
  }

  /**
   * Returns a message that distinguishes a port in use from a privileged port (up to 1023), which
   * ordinary users cannot open.
   */
  static String portProblem(int port, BindException e) {
    return "Port "
        + port
        + (String.valueOf(e.getMessage()).contains("denied") ? " is not allowed: " : " is taken: ")
        + e.getMessage()
        + ". Choose another port, or 0 for any free port.";
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

  /** Returns the version of the server, e.g. 17.5. */
  public String version() throws IOException {
    return programs.version();
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
   * Returns the path of a PostgreSQL test program, e.g. {@code regress/pg_regress}. Only some
   * servers include such programs.
   */
  public Path testProgram(String path) {
    return programs.libraries().resolve("pgxs/src/test").resolve(path);
  }

  /**
   * Returns the directory of the libpq that comes with the server, or null if the server has none.
   * The server's programs may need this library.
   */
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
   * A server that keeps running after this JVM exits.
   *
   * @param passwords the password file for psql and the driver
   * @param end the command that stops the server and removes its data
   */
  public record Kept(Path passwords, String end) {}

  /**
   * Keeps the server running after this JVM exits. After this call, {@link #close()} does not stop
   * the server.
   */
  public Kept keep() throws IOException {
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
   * Returns a shell command, in the syntax of the platform, that stops a server and removes its
   * data.
   *
   * @param folder the server's directory, which is removed
   * @param data the data directory inside that directory
   */
  static String endCommand(PostgresCommands programs, Path folder, Path data) {
    if (programs.platform().isWindows()) {
      return Platform.quoted(programs.program("pg_ctl").toString(), false)
          + " -D "
          + Platform.quoted(data.toString(), false)
          + " -m immediate stop && rmdir /s /q "
          + Platform.quoted(folder.toString(), false);
    }
    // The server removes this file last. The option -f is used because other JVMs may remove the
    // directory of a stopped server at the same time.
    String pidFile = Platform.quoted(data.resolve("postmaster.pid").toString(), true);
    return "kill -QUIT $(head -n 1 "
        + pidFile
        + ") && while [ -e "
        + pidFile
        + " ]; do sleep 0.1; done && rm -rf "
        + Platform.quoted(folder.toString(), true);
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
      // pg_ctl polls every 100 ms, so it may still be running when the server is ready
      long polls = 0;
      while (!scratch.isReady()) {
        if (!starting.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
          continue;
        }
        if (starting.exitValue() != 0) {
          throw new IOException(ended("pg_ctl", starting.exitValue()));
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
      throw new IOException(startFailure(port, logged, e), e);
    }
  }

  /**
   * Returns environment variables that make this server the default target of libpq connections
   * from a session, for example through dblink.
   */
  private Map<String, String> defaultsOfSessions(int port) {
    String sockets = settings.getOrDefault(SOCKETS, "");
    return sockets.isEmpty()
        ? Map.of()
        : Map.of("PGHOST", sockets, "PGPORT", Integer.toString(port), "PGUSER", "postgres");
  }

  /** Returns the server arguments for pg_ctl, which passes them through a shell. */
  private String options(int port) throws IOException {
    var options = new StringBuilder("-p ").append(port);
    var all = new TreeMap<>(settings);
    if (cached != null) {
      // recycled files of the write-ahead log would be stored with the template
      all.put("wal_recycle", "off");
    }
    if (programs.platform().isWindows()) {
      SettingsFile.write(scratch.data(), all);
    } else {
      all.forEach(
          (name, value) ->
              options.append(" -c ").append(Platform.quoted(name + "=" + value, true)));
    }
    return options.toString();
  }

  private static String ended(String program, int status) {
    return program + " ended with status " + status + "." + Remedies.ofStatus(status);
  }

  /** Allows only TCP connections from this machine, with a password. */
  private void requirePasswords() throws IOException {
    Files.writeString(
        scratch.data().resolve("pg_hba.conf"),
        """
        # md5 accepts passwords that are stored for SCRAM, and the md5 passwords of roles that tests create
        host all all 127.0.0.1/32 md5
        host all all ::1/128 md5
        """);
  }

  private void requireOwn(int port) throws SQLException, IOException {
    try (Connection connection = superuser(port).getConnection();
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

  private DataSource superuser(int port) {
    PGSimpleDataSource dataSource =
        ServerAddress.source(LOOPBACK, port, "postgres", new Login(SUPERUSER, password));
    ServerAddress.refuseClearText(dataSource);
    return dataSource;
  }

  /**
   * Sets the same new password for all given roles. Otherwise, all servers copied from one template
   * would have the template's password.
   */
  private void changePasswords(List<String> roles) throws IOException {
    lock.lock();
    try (Connection connection = superuser(port).getConnection();
        Statement statement = connection.createStatement()) {
      String secret = newPassword();
      // the server's log must not contain the password
      String verifier = ScramVerifier.of(secret);
      var changes = new StringBuilder();
      for (String role : roles) {
        changes
            .append("ALTER ROLE \"")
            .append(role)
            .append("\" PASSWORD '")
            .append(verifier)
            .append("';");
      }
      statement.execute(changes.toString());
      writePassword(scratch.data().resolve(DataDirectory.PASSWORD_FILE), secret);
      password = secret;
    } catch (SQLException e) {
      throw new IOException("The passwords of the server cannot be changed: " + e.getMessage(), e);
    } finally {
      lock.unlock();
    }
  }

  private static String newPassword() {
    byte[] random = new byte[16];
    new SecureRandom().nextBytes(random);
    return HexFormat.of().formatHex(random);
  }

  /** Writes a password file that only this user can read, even while it is being created. */
  private static void writePassword(Path file, String password) throws IOException {
    Files.deleteIfExists(file);
    if (Platform.POSIX) {
      Files.createFile(
          file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    }
    Files.writeString(file, password);
  }

  /**
   * Returns the message for a failed start, with the end of the log.
   *
   * @param logged the length of the log before this start, in bytes
   */
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
                + ". Run the tests as an ordinary user, or let them use a server in a container or an existing server"
            : "")
        + ". "
        + (cause.getClass() == IOException.class ? cause.getMessage() : cause)
        + Remedies.of(log)
        + " "
        + endOfLog(logged);
  }

  /**
   * Returns the log of this start.
   *
   * @param logged the length of the log before this start, in bytes
   */
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

  /**
   * Waits until the server has logged that one of its processes crashed, kills the server, and
   * returns the error message.
   */
  private String crash() throws IOException {
    long end = System.nanoTime() + CRASH_NANOS;
    // the client notices the crash before the server does
    while (!log(0).contains(CRASHED) && System.nanoTime() < end) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(POLL_MILLIS));
    }
    kill();
    List<String> lines = log(0).lines().toList();
    int crashed = 0;
    while (crashed < lines.size() - 1 && !lines.get(crashed).contains(CRASHED)) {
      crashed++;
    }
    return "A server process crashed because of the extension's library or script: "
        + String.join(" | ", lines.subList(Math.max(0, crashed - CRASH_LINES), crashed + 1));
  }

  /** Returns whether the connection was lost, for example because a library crashed the process. */
  private static boolean crashed(SQLException e) {
    String state = String.valueOf(e.getSQLState());
    return state.startsWith("08") || state.startsWith("57P");
  }

  /** Creates a data directory with the template database in the given folder. */
  private static void makeTemplate(
      PostgresCommands programs,
      int major,
      DatabaseNames names,
      Map<String, String> settings,
      Path folder)
      throws IOException {
    var server = new EmbeddedServer(programs, major, settings, 0, DataDirectory.create());
    try {
      server.initialize();
      server.start();
      try (DatabaseFactory databases =
              DatabaseFactory.embedded(server.port(), server.password(), names);
          Connection superuser = server.superuser(server.port()).getConnection();
          Statement statement = superuser.createStatement()) {
        databases.prepare();
        statement.execute(
            "ALTER ROLE CURRENT_USER PASSWORD '" + ScramVerifier.of(server.password()) + "'");
      } catch (SQLException e) {
        throw new IllegalStateException(
            "The template database cannot be prepared: "
                + e.getMessage()
                + (crashed(e) ? " " + server.crash() : ""),
            e);
      }
      server.stop();
      DataDirectory.copy(server.scratch.data(), folder);
    } finally {
      server.close();
    }
  }

  /** Initializes the data directory. The superuser gets a random password. */
  private void initialize() throws IOException {
    lock.lock();
    try {
      requireOpen();
      password = newPassword();
      Path file = scratch.data().resolveSibling(DataDirectory.PASSWORD_FILE);
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
      Files.move(file, scratch.data().resolve(DataDirectory.PASSWORD_FILE));
      requirePasswords();
    } finally {
      lock.unlock();
    }
  }
}
