// SPDX-License-Identifier: MIT
package io.pghello.cli.connect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.pghello.cli.Run;
import io.pghello.cli.connect.TestCertificate.Authority;
import io.pghello.cli.connect.TestCertificate.Contents;
import io.pghello.cli.output.Failure;
import io.pghello.cli.output.SqlErrors;
import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/**
 * The same options, environment and files lead to the same session in psql and {@code pghello}. The
 * programs that {@code pghello} runs, here psql again, get the same session, too.
 */
class SameAsPsqlIT {
  private static final String SESSION =
      "SELECT concat_ws(' ', session_user, current_database(), host(inet_server_addr()), ssl, client_dn,"
          + " nullif(nullif(current_setting('application_name'), 'psql'), 'pghello'), current_setting('work_mem'))"
          + " FROM pg_stat_ssl WHERE pid = pg_backend_pid()";

  private static final String ME = System.getProperty("user.name");

  @TempDir private static Path shared;
  @TempDir private Path home;

  private static String psql;
  private static ExtensionServer server;
  private static TestDatabase database;
  private static Pair serverPair;
  private static Pair clientPair;
  private static Pair ecPair;

  /** A client certificate of an authority that is unknown to the server. */
  private static Pair otherPair;

  /** The environment of both programs. */
  private final Map<String, String> variables = new HashMap<>();

  /** A self-signed certificate and its key. */
  private record Pair(String algorithm, Path certificate, Path key) {
    // the server finds an authority by its name, so two pairs must not have the same
    static Pair create(String name, String algorithm) throws Exception {
      return write(
          name + "-" + algorithm,
          Contents.of("O=" + algorithm + " CN=" + name + " DNS:" + name)
              .algorithm(algorithm)
              .selfSigned());
    }

    static Pair write(String file, TestCertificate certificate) throws Exception {
      return new Pair(
          certificate.keys().getPublic().getAlgorithm(),
          SameAsPsqlIT.write(shared.resolve(file + ".crt"), "rw-------", certificate.pem()),
          SameAsPsqlIT.write(shared.resolve(file + ".key"), "rw-------", certificate.keyPem()));
    }

    /** Returns the key in PKCS #1 or SEC 1. */
    byte[] oldKey() throws IOException {
      byte[] key = Base64.getMimeDecoder().decode(text(key()));
      // The version and the algorithm precede the octet string with the content.
      int algorithm = contentOf(key, 0) + 3;
      int octets = contentOf(key, algorithm) + key[algorithm + 1];
      byte[] content = Arrays.copyOfRange(key, contentOf(key, octets), key.length);
      if (key().toString().endsWith("-RSA.key")) {
        return content;
      }
      // In SEC 1, the curve follows the number. In PKCS #8, it is a part of the algorithm.
      int curve = contentOf(key, algorithm) + 2 + key[contentOf(key, algorithm) + 1];
      var sec1 = new ByteArrayOutputStream();
      sec1.writeBytes(new byte[] {0x30, (byte) (content[6] + 7 + octets - curve)});
      sec1.write(content, 2, content[6] + 5);
      sec1.writeBytes(new byte[] {(byte) 0xa0, (byte) (octets - curve)});
      sec1.write(key, curve, octets - curve);
      return sec1.toByteArray();
    }

    private static int contentOf(byte[] der, int element) {
      return element + 2 + (der[element + 1] < 0 ? der[element + 1] & 0x7f : 0);
    }

    static String text(Path pem) throws IOException {
      return Files.readString(pem).replaceAll("-----.*-----", "");
    }
  }

  @BeforeAll
  static void startServer() throws Exception {
    psql = psql();
    serverPair = Pair.create("localhost", "RSA");
    clientPair = Pair.create("certuser", "RSA");
    ecPair = Pair.create("certuser", "EC");
    otherPair = Pair.create("app", "RSA");
    server =
        ExtensionServer.builder()
            .extension("pg_hello")
            .setting("unix_socket_directories", shared.toString())
            .start();
    database = server.createDatabase("hello");
    String rules =
        """
        local all all md5
        hostssl all certuser all cert
        hostssl all sslonly all scram-sha-256
        host all sslonly all reject
        hostnossl all plainonly all trust
        hostssl all plainonly all scram-sha-256
        """;
    try (Connection admin = database.superuserDataSource().getConnection()) {
      Run.execute(
          admin,
          copy("server.crt", Files.readString(serverPair.certificate())),
          copy("server.key", Files.readString(serverPair.key())),
          copy(
              "clients.crt",
              Files.readString(clientPair.certificate()) + Files.readString(ecPair.certificate())),
          copy("first.conf", rules),
          "COPY (SELECT) TO PROGRAM 'cat first.conf pg_hba.conf > both.conf && mv both.conf pg_hba.conf'",
          "CREATE ROLE certuser LOGIN",
          "CREATE ROLE sslonly LOGIN PASSWORD '%s'".formatted(server.password()),
          "CREATE ROLE plainonly LOGIN",
          "CREATE ROLE reader LOGIN PASSWORD '%s'".formatted(server.password()),
          "ALTER ROLE reader SET default_transaction_read_only = on",
          "CREATE DATABASE app",
          "CREATE DATABASE \"od:d\\db\"",
          "ALTER SYSTEM SET ssl_ca_file = 'clients.crt'",
          "ALTER SYSTEM SET ssl = on",
          "SELECT pg_reload_conf()");
      if (!ME.equals("postgres")) {
        Run.execute(
            admin,
            "CREATE ROLE \"%s\" LOGIN PASSWORD '%s'".formatted(ME, server.password()),
            "CREATE DATABASE \"%s\"".formatted(ME));
      }
      Run.await(
          "TLS is on",
          () -> {
            try (Connection next = database.superuserDataSource().getConnection()) {
              return Run.value(next, "SHOW ssl").equals("on");
            }
          });
    }
  }

  /** Returns psql itself, because Debian's wrapper in the path selects servers on its own. */
  private static String psql() {
    List<String> folders = new ArrayList<>();
    IntStream.rangeClosed(15, 30)
        .mapToObj(major -> "/usr/lib/postgresql/" + (45 - major) + "/bin")
        .forEach(folders::add);
    folders.addAll(List.of(System.getenv("PATH").split(File.pathSeparator, -1)));
    List<String> found =
        folders.stream()
            .map(folder -> new File(folder, "psql"))
            .filter(File::canExecute)
            .map(File::toString)
            .toList();
    assumeTrue(!found.isEmpty(), "no psql");
    return found.get(0);
  }

  /** Replaces the server's certificate for new connections. */
  private static void serve(String certificates, String key) throws Exception {
    try (Connection admin = database.superuserDataSource().getConnection()) {
      String before = Run.value(admin, "SELECT pg_conf_load_time()");
      Run.execute(
          admin,
          copy("server.crt", certificates),
          copy("server.key", key),
          "SELECT pg_reload_conf()");
      Run.await(
          "the server has read its certificate",
          () -> {
            try (Connection next = database.superuserDataSource().getConnection()) {
              return !Run.value(next, "SELECT pg_conf_load_time()").equals(before);
            }
          });
    }
  }

  private static String copy(String file, String text) {
    return "COPY (SELECT unnest(string_to_array('%s', e'\\n'))) TO PROGRAM 'umask 077 && cat > %s'"
        .formatted(text.strip(), file);
  }

  private static Path write(Path file, String mode, String text) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
  }

  @AfterAll
  static void stopServer() {
    if (server != null) {
      server.close();
    }
  }

  @BeforeEach
  void setVariables() {
    variables.clear();
    variables.put("HOME", home.toString());
    variables.put("PGHOST", "localhost");
    variables.put("PGPORT", String.valueOf(server.port()));
    variables.put("PGUSER", "app");
    variables.put("PGDATABASE", "hello");
    variables.put("PGPASSWORD", server.password());
  }

  /** Sets variables, given as names and values. */
  private SameAsPsqlIT with(String... namesAndValues) {
    for (int i = 0; i < namesAndValues.length; i += 2) {
      variables.put(namesAndValues[i], namesAndValues[i + 1]);
    }
    return this;
  }

  private SameAsPsqlIT without(String... names) {
    variables.keySet().removeAll(List.of(names));
    return this;
  }

  private SameAsPsqlIT withFile(String name, String mode, String text) throws IOException {
    write(home.resolve(name), mode, text);
    return this;
  }

  /** Both programs get the same session, which begins with this text. */
  private void same(String session, String... options) throws Exception {
    String result = pghello(options);
    assertThat(result).as("pghello").startsWith(session);
    assertThat(psql(variables, options)).as("psql").isEqualTo(result);
    setVariables();
  }

  /** Neither program gets a session. */
  private void fails(String message, String... options) throws Exception {
    assertThat(psql(variables, options)).as("psql").contains("psql: error: ");
    assertThat(pghello(options)).as("pghello").startsWith("error: ").contains(message);
    setVariables();
  }

  /** {@code pghello} rejects what psql, or a newer version of psql, uses. */
  private void refused(String message, String... options) {
    assertThat(pghello(options)).as("pghello").startsWith("error: ").contains(message);
    setVariables();
  }

  /** Returns the session of {@code pghello}, after comparing it with the one of its programs. */
  private String pghello(String... options) {
    var parsed = new ConnectionOptions();
    var arguments = new ArrayList<>(List.of(options));
    arguments.addAll(List.of("--timeout", "60"));
    new CommandLine(parsed).parseArgs(arguments.toArray(String[]::new));
    try {
      Target target = parsed.target(variables::get);
      try (Connection connection = target.connect()) {
        String session = Query.value(connection, SESSION);
        var environment = new HashMap<>(target.pinnedTo(connection).environment());
        environment.put("HOME", "/nonexistent");
        assertThat(psql(environment, "-d", target.database())).as("program").isEqualTo(session);
        return String.valueOf(session);
      }
    } catch (Failure e) {
      return "error: " + e.getMessage();
    } catch (SQLException e) {
      return "error: " + SqlErrors.explain(e);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static String psql(Map<String, String> environment, String... options)
      throws IOException {
    var command = new ArrayList<>(List.of(psql, "-XAtw", "-c", SESSION));
    for (String option : options) {
      // psql has no option for the service.
      command.add(option.startsWith("--service=") ? option.substring(2) : option);
    }
    var builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().keySet().removeIf(name -> name.startsWith("PG"));
    builder.environment().putAll(environment);
    builder.environment().put("LC_ALL", "C");
    Process process = builder.start();
    process.getOutputStream().close();
    return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
  }

  private static String service(String... lines) {
    return "[s]\n" + String.join("\n", lines) + "\n";
  }

  @Test
  void prefersOptionsToVariables() throws Exception {
    same("app hello 127.0.0.1 t");
    with("PGHOST", "nowhere", "PGUSER", "nobody", "PGDATABASE", "none", "PGPORT", "1")
        .same(
            "app hello 127.0.0.1 t",
            "-h",
            "127.0.0.1",
            "-p",
            String.valueOf(server.port()),
            "-U",
            "app",
            "-d",
            "hello");
    same("app hello", "-h", "", "-p", "", "-U", "", "-d", "");
    with("PGPASSWORD", "wrong").fails("password authentication failed");
    with("PGDATABASE", "none").fails("database \"none\" does not exist");
    with("PGPORT", "1").fails("localhost:1 refused");
  }

  @Test
  void hasSameDefaults() throws Exception {
    without("PGDATABASE").same("app app ");
    without("PGDATABASE", "PGUSER").same(ME + " " + ME + " ");
    with("PGDATABASE", "", "PGUSER", "").same(ME + " " + ME + " ");
    with("PGPORT", "").fails("5432");
    with("PGAPPNAME", "cron").same("app hello 127.0.0.1 t cron");
    with("PGOPTIONS", "-c work_mem=1MB").same("app hello 127.0.0.1 t 1MB");
    with("PGTZ", "Asia/Tokyo", "PGDATESTYLE", "German", "PGCLIENTENCODING", "LATIN1")
        .same("app hello");
    with("PGCONNECT_TIMEOUT", "5", "PGSSLCOMPRESSION", "1").same("app hello");
  }

  @Test
  void readsSameServiceFiles() throws Exception {
    String all =
        service(
            "host=127.0.0.1",
            "port=" + server.port(),
            "user=app",
            "dbname=hello",
            "password=" + server.password());
    var nothing = new String[] {"PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGPASSWORD"};
    withFile(".pg_service.conf", "rw-r--r--", all);
    without(nothing).with("PGSERVICE", "s").same("app hello 127.0.0.1 t");
    without(nothing).same("app hello 127.0.0.1 t", "--service=s");
    with("PGSERVICE", "t").fails("service t is not defined in " + home);
    with("PGSERVICE", "").fails("service  is not defined");
    with("PGSERVICEFILE", home.resolve("none").toString())
        .fails("/none: no such file", "--service=s");
    Files.delete(home.resolve(".pg_service.conf"));
    withFile(".pg_service.conf", "rw-r--r--", "#" + "x".repeat(1021) + "\n" + all);
    with("PGSERVICE", "s").fails("more than 1021 bytes");
    Files.delete(home.resolve(".pg_service.conf"));
    withFile("mine", "rw-r--r--", "# K\u00f6ln\n[t]\nnonsense\n" + all);
    without(nothing)
        .with("PGSERVICEFILE", home.resolve("mine").toString())
        .same("app hello 127.0.0.1 t", "--service=s");
    withFile("etc/pg_service.conf", "rw-r--r--", all);
    without(nothing)
        .with("PGSYSCONFDIR", home.resolve("etc").toString())
        .same("app hello 127.0.0.1 t", "--service=s");
  }

  @Test
  void readsLinesOfServiceFilesAsLibpq() throws Exception {
    withFile(".pg_service.conf", "rw-r--r--", "[s] and more\n\n  user=sslonly \nuser=app\n#x\n")
        .same("sslonly hello 127.0.0.1 t", "--service=s");
    withFile(".pg_service.conf", "rw-r--r--", service("user=", "dbname="))
        .same(ME + " " + ME, "--service=s");
    withFile(".pg_service.conf", "rw-r--r--", service("port=")).fails("5432", "--service=s");
    withFile(".pg_service.conf", "rw-r--r--", service("options=-c work_mem=1MB"))
        .same("app hello 127.0.0.1 t 1MB", "--service=s");
    for (String line :
        List.of("hots=db2", "ssl_mode=require", "service=t", "user = app", "user", "HOST=a")) {
      withFile(".pg_service.conf", "rw-r--r--", service("port=1", line))
          .fails(home + "/.pg_service.conf, line 3: ", "--service=s");
    }
    withFile(".pg_service.conf", "rw-r--r--", service("host=nowhere"))
        .same("app hello", "-h", "localhost", "--service=s");
    for (String line :
        List.of("replication=database", "sslcrl=/crl", "sslpassword=x", "oauth_issuer=x")) {
      withFile(".pg_service.conf", "rw-r--r--", service(line))
          .refused(line.substring(0, line.indexOf('=')), "--service=s");
    }
  }

  @Test
  void readsSamePasswordFiles() throws Exception {
    String all = "*:*:*:*:" + server.password() + "\n";
    without("PGPASSWORD").withFile(".pgpass", "rw-------", all).same("app hello");
    without("PGPASSWORD").withFile(".pgpass", "rw-r--r--", all).fails("no password was provided");
    with("PGPASSWORD", "").withFile(".pgpass", "rw-------", all).same("app hello");
    without("PGPASSWORD")
        .withFile(
            ".pgpass",
            "rw-------",
            "#*:*:*:*:x\nlocalhost:1:*:*:x\nlocalhost:%s:hell\\o:ap\\p:%s\r\n"
                .formatted(server.port(), server.password()))
        .same("app hello");
    without("PGPASSWORD")
        .withFile(".pgpass", "rw-------", "*:*:*:app:wrong\n" + all)
        .fails("password authentication failed");
    without("PGPASSWORD")
        .withFile(".pgpass", "rw-------", "127.0.0.1:*:*:*:" + server.password())
        .fails("no password was provided");
    without("PGPASSWORD")
        .withFile(".pgpass", "rw-------", shared + ":*:*:*:" + server.password())
        .with("PGHOST", shared.toString())
        .same("app hello f");
    withFile(".pgpass", "rw-------", "*:*:*:*:wrong\n").same("app hello");
    without("PGPASSWORD").withFile("mine", "rw-------", all);
    with("PGPASSFILE", home.resolve("mine").toString()).without("PGPASSWORD").same("app hello");
    with("PGPASSFILE", home.toString()).without("PGPASSWORD").fails("no password was provided");
    with("PGPASSFILE", "", "PGSERVICE", "s")
        .without("PGPASSWORD")
        .withFile(".pg_service.conf", "rw-r--r--", service("passfile=" + home.resolve("mine")))
        .same("app hello");
  }

  /** The file's fields are compared as text, also for hosts and ports that mean the same. */
  @Test
  void comparesPasswordFilesAsText() throws Exception {
    String port = String.valueOf(server.port());
    String socket = shared.toString();
    assertFound("localhost:0%s", "localhost", "0" + port);
    assertFound("localhost: %s ", "localhost", " " + port + " ");
    assertFound("localhost:+%s", "localhost", "+" + port);
    assertNotFound("localhost:%s", "localhost", "0" + port);
    assertNotFound("localhost:%s", "localhost", " " + port);
    assertNotFound("localhost:0%s", "localhost", port);
    assertFound("LocalHost:%s", "LocalHost", port);
    assertNotFound("localhost:%s", "LocalHost", port);
    assertFound("127.1:%s", "127.1", port);
    assertNotFound("127.0.0.1:%s", "127.1", port);
    assertFound(socket + ":0%s", socket, "0" + port);
    assertNotFound(socket + ":%s", socket, "0" + port);
    assertFound(socket + "/:%s", socket + "/", port);
    assertNotFound(socket + ":%s", socket + "/", port);
    assertNotFound("localhost:%s", socket, port);
    // Also with several hosts, of which the second one is available.
    assertFound("localhost:0%s", "127.0.0.1,localhost", "1,0" + port);
    assertNotFound("localhost:%s", "127.0.0.1,localhost", "1,0" + port);
    assertNotFound("127.0.0.1:0%s", "127.0.0.1,localhost", "1,0" + port);
    assertFound("127.0.0.1:0%s", "127.0.0.1,127.0.0.1", "0" + port + "," + port);
    assertNotFound("127.0.0.1:%s", "127.0.0.1,127.0.0.1", "0" + port + "," + port);
    assertFound("localhost:0%s", "localhost,localhost", "0" + port);

    for (String fields :
        List.of("*:*:od\\:d\\\\db:app", "*:*:\\o\\d\\:d\\\\db:\\app", "*:*:*:ap\\p")) {
      withPasswordLine("#" + "x".repeat(99_999) + "\n" + fields)
          .with("PGDATABASE", "od:d\\db")
          .same("app od:d\\db");
    }
    withPasswordLine("*:*:od:d\\db:app")
        .with("PGDATABASE", "od:d\\db")
        .fails("no password was provided");
  }

  private void assertFound(String line, String host, String port) throws Exception {
    withPasswordLine(line.formatted(server.port()) + ":*:*")
        .with("PGHOST", host, "PGPORT", port)
        .same("app hello ");
  }

  private void assertNotFound(String line, String host, String port) throws Exception {
    withPasswordLine(line.formatted(server.port()) + ":*:*")
        .with("PGHOST", host, "PGPORT", port)
        .fails("no password was provided");
  }

  /** Sets the password only in the password file, after these fields. */
  private SameAsPsqlIT withPasswordLine(String fields) throws IOException {
    return without("PGPASSWORD")
        .withFile(".pgpass", "rw-------", fields + ":" + server.password() + "\n");
  }

  @Test
  void verifiesServerInSameCases() throws Exception {
    String own = serverPair.certificate().toString();
    String other = clientPair.certificate().toString();
    with("PGSSLMODE", "disable").same("app hello 127.0.0.1 f");
    with("PGSSLMODE", "allow").same("app hello 127.0.0.1 f");
    with("PGSSLMODE", "allow", "PGUSER", "sslonly").same("sslonly hello 127.0.0.1 t");
    with("PGSSLMODE", "disable", "PGUSER", "sslonly").fails("pg_hba.conf");
    with("PGSSLMODE", "prefer").same("app hello 127.0.0.1 t");
    with("PGSSLMODE", "require").same("app hello 127.0.0.1 t");
    with("PGSSLMODE", "require", "PGSSLROOTCERT", own).same("app hello 127.0.0.1 t");
    with("PGSSLMODE", "require", "PGSSLROOTCERT", other).fails("set PGSSLMODE");
    with("PGSSLMODE", "verify-ca", "PGSSLROOTCERT", other).fails("set PGSSLMODE");
    with("PGSSLMODE", "verify-ca", "PGSSLROOTCERT", own).same("app hello", "-h", "127.0.0.1");
    with("PGSSLMODE", "verify-full", "PGSSLROOTCERT", own).same("app hello 127.0.0.1 t");
    with("PGSSLMODE", "verify-full", "PGSSLROOTCERT", own)
        .fails("set PGSSLMODE", "-h", "127.0.0.1");
    with("PGSSLMODE", "verify-full", "PGSSLROOTCERT", "/none.crt")
        .fails("/none.crt does not exist");
    with("PGSSLMODE", "require", "PGSSLROOTCERT", "/none.crt").refused("/none.crt does not exist");
    with("PGSSLMODE", "require", "PGSSLROOTCERT", "system").refused("set sslmode to verify-full");
    with("PGSSLMODE", "").fails("sslmode must be");
    with("PGSSLMODE", "verify").fails("sslmode must be");
    with("PGREQUIRESSL", "1").same("app hello 127.0.0.1 t");
    with("PGSSLMODE", "verify-full").fails(".postgresql/root.crt does not exist");
    withFile(".postgresql/root.crt", "rw-r--r--", Files.readString(clientPair.certificate()));
    with("PGSSLMODE", "require").fails("set PGSSLMODE");
    withFile(".postgresql/root.crt", "rw-r--r--", Files.readString(serverPair.certificate()));
    with("PGSSLMODE", "require").same("app hello 127.0.0.1 t");
    with("PGSSLMODE", "verify-full", "PGHOST", shared.toString()).same("app hello f");
  }

  /** See {@link ServerCertificatesTest} and {@link ServerNameVerifierTest} for more cases. */
  @Test
  void trustsSameServerCertificates() throws Exception {
    Contents leaf = Contents.of("CN=localhost DNS:localhost");
    TestCertificate root = Contents.of("CN=Root").authority(Authority.YES).selfSigned();
    TestCertificate middle = Contents.of("CN=Middle").authority(Authority.YES).issuedBy(root);
    TestCertificate self = leaf.authority(Authority.NO).selfSigned();
    TestCertificate expired = leaf.expired().selfSigned();
    TestCertificate oldRoot = Contents.of("CN=Old").authority(Authority.YES).expired().selfSigned();
    TestCertificate twoNames = Contents.of("CN=other CN=localhost").selfSigned();
    TestCertificate otherAddress = Contents.of("CN=127.0.0.1 IP:127.0.0.2").selfSigned();
    try {
      assertTrusted(true, root.pem() + middle.pem(), "localhost", leaf.issuedBy(middle));
      assertTrusted(true, self.pem(), "localhost", self);
      assertTrusted(false, self.pem(), "localhost", leaf.issuedBy(self));
      assertTrusted(false, expired.pem(), "localhost", expired);
      with("PGSSLROOTCERT", home.resolve("ca.pem").toString()).same("app hello 127.0.0.1 f");
      assertTrusted(false, oldRoot.pem(), "localhost", leaf.issuedBy(oldRoot));
      assertTrusted(false, twoNames.pem(), "localhost", twoNames);
      assertTrusted(false, otherAddress.pem(), "127.0.0.1", otherAddress);
    } finally {
      serve(Files.readString(serverPair.certificate()), Files.readString(serverPair.key()));
    }
  }

  /**
   * Both programs trust or reject the certificate of the server, with the authorities in a file.
   */
  private void assertTrusted(
      boolean isTrusted, String authorities, String host, TestCertificate certificate)
      throws Exception {
    serve(certificate.pem(), certificate.keyPem());
    String file = write(home.resolve("ca.pem"), "rw-------", authorities).toString();
    with("PGSSLMODE", "verify-full", "PGSSLROOTCERT", file, "PGHOST", host);
    if (isTrusted) {
      same("app hello 127.0.0.1 t");
    } else {
      fails("");
    }
  }

  /**
   * Channel binding needs the digest of the certificate's signature, which Ed25519 does not have.
   */
  @Test
  void requiresNoChannelBindingWithEd25519Certificate() throws Exception {
    TestCertificate certificate =
        Contents.of("CN=localhost DNS:localhost").algorithm("Ed25519").selfSigned();
    String remedy = "set PGCHANNELBINDING=disable";
    try {
      serve(certificate.pem(), certificate.keyPem());
      String root = write(home.resolve("ca.pem"), "rw-------", certificate.pem()).toString();
      with("PGUSER", "sslonly").fails(remedy);
      with("PGUSER", "sslonly", "PGCHANNELBINDING", "prefer").fails(remedy);
      // not without TLS either
      with("PGSSLMODE", "prefer").fails(remedy);
      with("PGUSER", "sslonly", "PGCHANNELBINDING", "require").fails("channel_binding");
      with("PGUSER", "sslonly", "PGSSLMODE", "verify-full", "PGSSLROOTCERT", root).fails(remedy);
      with("PGUSER", "sslonly", "PGCHANNELBINDING", "disable")
          .with("PGSSLMODE", "verify-full", "PGSSLROOTCERT", root)
          .same("sslonly hello 127.0.0.1 t");
      with("PGUSER", "sslonly")
          .withFile(".pg_service.conf", "rw-r--r--", service("channel_binding=disable"))
          .same("sslonly hello 127.0.0.1 t", "--service=s");
      with("PGUSER", "sslonly").without("PGPASSWORD").fails("no password was provided");
      with("PGSSLMODE", "disable").same("app hello 127.0.0.1 f");
      // Other methods of authentication do not use channel binding.
      with("PGSSLCERT", clientPair.certificate().toString())
          .with("PGSSLKEY", clientPair.key().toString(), "PGUSER", "certuser")
          .without("PGPASSWORD")
          .same("certuser hello 127.0.0.1 t");
    } finally {
      serve(Files.readString(serverPair.certificate()), Files.readString(serverPair.key()));
    }
  }

  /** With prefer, the first attempt uses TLS; with allow, only the second one does. */
  @Test
  void connectsWithoutTlsInSameCases() throws Exception {
    String own = serverPair.certificate().toString();
    String other = clientPair.certificate().toString();
    String noCertificate = serverPair.key().toString();
    with("PGSSLROOTCERT", own).same("app hello 127.0.0.1 t");
    for (String root : List.of(other, noCertificate, home.toString())) {
      with("PGSSLROOTCERT", root).same("app hello 127.0.0.1 f");
      with("PGSSLROOTCERT", root, "PGUSER", "sslonly").fails("");
      with("PGSSLROOTCERT", root, "PGSSLMODE", "allow").same("app hello 127.0.0.1 f");
      with("PGSSLROOTCERT", root, "PGSSLMODE", "allow", "PGUSER", "sslonly").fails("");
      with("PGSSLROOTCERT", root, "PGSSLMODE", "require").fails("");
    }
    with("PGSSLROOTCERT", other, "PGUSER", "sslonly").fails("set PGSSLMODE");
    with("PGSSLROOTCERT", noCertificate, "PGSSLMODE", "allow", "PGUSER", "sslonly")
        .fails(noCertificate + " contains no certificate");
    with("PGSSLROOTCERT", own, "PGSSLMODE", "allow", "PGUSER", "sslonly").same("sslonly hello");
    with("PGSSLROOTCERT", "/none.crt").same("app hello 127.0.0.1 t");
    withFile(".postgresql/root.crt", "rw-r--r--", Files.readString(clientPair.certificate()));
    same("app hello 127.0.0.1 f");
    Files.delete(home.resolve(".postgresql/root.crt"));

    with("PGUSER", "plainonly", "PGPASSWORD", "wrong").same("plainonly hello 127.0.0.1 f");
    with("PGUSER", "plainonly").without("PGPASSWORD").fails("no password was provided");
    with("PGUSER", "plainonly", "PGSSLMODE", "allow").same("plainonly hello 127.0.0.1 f");
    with("PGUSER", "plainonly", "PGSSLMODE", "require").fails("password authentication failed");
    with("PGUSER", "sslonly", "PGPASSWORD", "wrong").fails("password authentication failed");
    with("PGUSER", "sslonly", "PGPASSWORD", "wrong", "PGSSLMODE", "allow")
        .fails("password authentication failed");
    with("PGDATABASE", "none", "PGSSLMODE", "allow").fails("database \"none\" does not exist");
  }

  @Test
  void reportsWhyItConnectsWithoutTls() throws Exception {
    String key = home.resolve("none.key").toString();
    PrintStream terminal = System.err;
    var printed = new ByteArrayOutputStream();
    System.setErr(new PrintStream(printed, true, StandardCharsets.UTF_8));
    try {
      for (int i = 0; i < 2; i++) {
        with("PGSSLCERT", clientPair.certificate().toString(), "PGSSLKEY", key)
            .same("app hello 127.0.0.1 f");
      }
      with("PGUSER", "plainonly", "PGPASSWORD", "wrong").same("plainonly hello 127.0.0.1 f");
    } finally {
      System.setErr(terminal);
    }
    assertThat(printed.toString(StandardCharsets.UTF_8).lines())
        .containsExactly(
            "pghello: connected without TLS: the key "
                + key
                + " of the client certificate does not exist: set sslkey");
  }

  /** psql reads this value as the name of a file before version 16. */
  @Test
  void verifiesServerWithCertificatesOfSystem() {
    with("PGSSLROOTCERT", "system", "SSL_CERT_FILE", serverPair.certificate().toString());
    assertThat(pghello()).startsWith("app hello 127.0.0.1 t");
    assertThat(pghello("-h", "127.0.0.1")).contains("set PGSSLMODE");
    with("SSL_CERT_FILE", clientPair.certificate().toString());
    assertThat(pghello()).contains("set PGSSLMODE");
  }

  @Test
  void sendsSameClientCertificate() throws Exception {
    String certificate = Files.readString(clientPair.certificate());
    String key = Files.readString(clientPair.key());
    with("PGUSER", "certuser").fails("certificate");
    with("PGUSER", "certuser", "PGSSLCERT", clientPair.certificate().toString())
        .fails(".postgresql/postgresql.key");
    with("PGUSER", "certuser", "PGSSLKEY", clientPair.key().toString()).fails("certificate");
    with(
            "PGUSER",
            "certuser",
            "PGSSLCERT",
            clientPair.certificate().toString(),
            "PGSSLKEY",
            clientPair.key().toString())
        .same("certuser hello 127.0.0.1 t /O=RSA/CN=certuser");
    withFile(".postgresql/postgresql.crt", "rw-r--r--", certificate);
    withFile(".postgresql/postgresql.key", "rw-------", key);
    with("PGUSER", "certuser").same("certuser hello 127.0.0.1 t /O=RSA/CN=certuser");
    withFile(".postgresql/postgresql.key", "rw-r--r--", key);
    with("PGUSER", "certuser").fails("other users have access to the key");
    with("PGSSLMODE", "disable").same("app hello 127.0.0.1 f");
    failsOnlyWithTls("other users have access to the key");
    withFile(".postgresql/postgresql.key", "rw-r-----", key);
    // The group of root may read the keys of root.
    if (ME.equals("root")) {
      with("PGUSER", "certuser").same("certuser hello 127.0.0.1 t /O=RSA/CN=certuser");
      withFile(".postgresql/postgresql.key", "rw--w----", key);
    }
    failsOnlyWithTls("other users have access to the key");
    Files.delete(home.resolve(".postgresql/postgresql.key"));
    failsOnlyWithTls(".postgresql/postgresql.key of the client certificate does not exist");
    withFile(".postgresql/postgresql.key/file", "rw-------", "");
    failsOnlyWithTls("is not a regular file");
  }

  /** The client certificate in the home directory cannot be used. */
  private void failsOnlyWithTls(String message) throws Exception {
    same("app hello 127.0.0.1 f");
    with("PGSSLMODE", "allow").same("app hello 127.0.0.1 f");
    for (String mode : List.of("allow", "prefer")) {
      with("PGSSLMODE", mode, "PGUSER", "sslonly").fails(message);
    }
    with("PGSSLMODE", "require").fails(message);
  }

  @Test
  void readsKeysInSameFormats() throws Exception {
    for (Pair pair : List.of(clientPair, ecPair)) {
      String label = pair.algorithm() + " PRIVATE KEY";
      byte[] der = Base64.getMimeDecoder().decode(Pair.text(pair.key()));
      String text = "Key of\nthe client\n";
      for (byte[] key :
          List.of(
              Files.readAllBytes(pair.key()),
              (text + Files.readString(pair.key())).getBytes(StandardCharsets.UTF_8),
              TestCertificate.pem(label, pair.oldKey()).getBytes(StandardCharsets.UTF_8),
              der,
              pair.oldKey())) {
        Path file = write(home.resolve("my.p12"), "rw-------", "");
        Files.write(file, key);
        with("PGSSLCERT", pair.certificate().toString(), "PGSSLKEY", file.toString())
            .with("PGUSER", "certuser", "PGSSLMODE", "require")
            .same("certuser hello 127.0.0.1 t /O=%s/CN=certuser".formatted(pair.algorithm()));
      }
    }
    // A single file for both.
    String both = Files.readString(clientPair.key()) + Files.readString(clientPair.certificate());
    String file = write(home.resolve("both.pem"), "rw-------", both).toString();
    with("PGUSER", "certuser", "PGSSLCERT", file, "PGSSLKEY", file)
        .same("certuser hello 127.0.0.1 t");
  }

  @Test
  void rejectsSameClientCertificates() throws Exception {
    withFile(".postgresql/postgresql.crt", "rw-r--r--", Files.readString(clientPair.certificate()));
    withFile(".postgresql/postgresql.key", "rw-------", Files.readString(otherPair.key()));
    failsOnlyWithTls("does not belong to the client certificate");
    withFile(".postgresql/postgresql.key", "rw-------", Files.readString(ecPair.key()));
    failsOnlyWithTls("cannot read the key");
    withFile(
        ".postgresql/postgresql.key", "rw-------", TestCertificate.pem("PRIVATE KEY", new byte[9]));
    failsOnlyWithTls("cannot read the key");
    withFile(".postgresql/postgresql.key", "rw-------", Files.readString(clientPair.key()));
    withFile(".postgresql/postgresql.crt", "rw-r--r--", "no certificate");
    failsOnlyWithTls("postgresql.crt contains no certificate");
    withFile(
        ".postgresql/postgresql.crt", "rw-r--r--", TestCertificate.pem("CERTIFICATE", new byte[9]));
    failsOnlyWithTls("postgresql.crt contains an invalid certificate");
    Files.delete(home.resolve(".postgresql/postgresql.crt"));
    // Not even prefer tries without TLS if the server rejects the certificate. The server may close
    // the connection before its reason (unknown_ca) arrives.
    for (String mode : List.of("prefer", "require")) {
      with("PGSSLCERT", otherPair.certificate().toString())
          .with("PGSSLKEY", otherPair.key().toString(), "PGSSLMODE", mode)
          .fails("");
    }
    with("PGSSLMODE", "allow", "PGSSLCERT", otherPair.certificate().toString())
        .same("app hello 127.0.0.1 f");
    // psql would ask for the password.
    Path encrypted =
        write(
            home.resolve("key"),
            "rw-------",
            TestCertificate.pem("ENCRYPTED PRIVATE KEY", new byte[9]));
    for (String mode : List.of("prefer", "require")) {
      with("PGSSLCERT", clientPair.certificate().toString())
          .with("PGSSLKEY", encrypted.toString(), "PGSSLMODE", mode)
          .refused("is encrypted, but pghello does not ask for passwords");
    }
  }

  @Test
  void connectsToSameAddresses() throws Exception {
    with("PGHOST", "127.1").same("app hello 127.0.0.1 t");
    with("PGHOST", "[127.0.0.1]").fails("the host must not be in brackets");
    with("PGHOST", "127.0.0.1%lo").fails("does not support addresses with a zone");
    // In C, a number that begins with 0 is octal. In Java, it is decimal.
    with("PGHOST", "0177.0.0.1").refused("a number in the host begins with 0");
    with("PGHOST", "0x7f.1").refused("a number in the host begins with 0");
  }

  @Test
  void triesSameHosts() throws Exception {
    String ports = "1," + server.port();
    with("PGHOST", "127.0.0.1,localhost", "PGPORT", ports).same("app hello 127.0.0.1 t");
    with("PGHOST", "127.0.0.1,localhost,localhost", "PGPORT", ports).fails("3 hosts, but 2 ports");
    // A server that rejects the login is the last one, and each host has its own password.
    String twice = server.port() + "," + server.port();
    with("PGHOST", "127.0.0.1,localhost", "PGPORT", twice)
        .without("PGPASSWORD")
        .withFile(
            ".pgpass", "rw-------", "127.0.0.1:*:*:*:wrong\nlocalhost:*:*:*:" + server.password())
        .fails("password authentication failed");
    with("PGHOST", "127.0.0.1,localhost", "PGPORT", ports)
        .without("PGPASSWORD")
        .same("app hello 127.0.0.1 t");
    Files.delete(home.resolve(".pgpass"));
    with("PGHOST", "127.0.0.1,localhost", "PGPORT", twice, "PGSSLMODE", "verify-full")
        .with("PGSSLROOTCERT", serverPair.certificate().toString())
        .fails("set PGSSLMODE");
    with("PGHOST", "127.0.0.1,localhost", "PGPORT", "," + server.port()).same("app hello");
    with("PGPORT", " 0" + server.port() + " ").same("app hello 127.0.0.1 t");
    with("PGPORT", "0" + server.port(), "PGHOST", shared.toString()).same("app hello f");
    with("PGPORT", "0").fails("the port must be between 1 and 65535");
    with("PGPORT", "x").fails("the port must be between 1 and 65535");
    with("PGHOST", "127.0.0.1,").refused("the list of hosts contains an empty name");
    for (String attributes : List.of("any", "read-write", "primary", "prefer-standby")) {
      with("PGTARGETSESSIONATTRS", attributes).same("app hello");
    }
    with("PGTARGETSESSIONATTRS", "standby").fails("Could not find a server");
    // This server is a primary, even if transactions are read-only by default.
    for (String attributes : List.of("any", "read-only", "primary", "prefer-standby")) {
      with("PGTARGETSESSIONATTRS", attributes, "PGUSER", "reader").same("reader hello");
    }
    for (String attributes : List.of("standby", "read-write")) {
      with("PGTARGETSESSIONATTRS", attributes, "PGUSER", "reader").fails("Could not find a server");
    }
    with("PGTARGETSESSIONATTRS", "standby", "PGOPTIONS", "-c default_transaction_read_only=on")
        .fails("Could not find a server");
    with("PGTARGETSESSIONATTRS", "").fails("invalid target_session_attrs");
    with("PGTARGETSESSIONATTRS", "master").fails("invalid target_session_attrs");
  }

  @Test
  void rejectsUnsupportedParameters() {
    Stream.of(
            "hostaddr PGHOSTADDR 127.0.0.1",
            "channel_binding PGCHANNELBINDING require",
            "require_auth PGREQUIREAUTH scram-sha-256",
            "gssencmode PGGSSENCMODE require",
            "sslcrl PGSSLCRL /crl",
            "sslnegotiation PGSSLNEGOTIATION direct",
            "sslcertmode PGSSLCERTMODE disable",
            "ssl_min_protocol_version PGSSLMINPROTOCOLVERSION TLSv1.3",
            "ssl_max_protocol_version PGSSLMAXPROTOCOLVERSION TLSv1.2",
            "min_protocol_version PGMINPROTOCOLVERSION 3.2",
            "load_balance_hosts PGLOADBALANCEHOSTS random",
            "requirepeer PGREQUIREPEER postgres")
        .map(text -> text.split(" ", -1))
        .forEach(
            words -> {
              with(words[1], words[2]).refused(words[0] + " is \"" + words[2] + "\", but ");
            });
    refused("not a connection string", "-d", "postgresql://localhost/hello");
    refused("not a connection string", "-d", "host=localhost");
  }
}
