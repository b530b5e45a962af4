// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.TestDatabase;
import io.pghello.extension.testkit.internal.cache.Platform;
import io.pghello.extension.testkit.internal.distribution.PostgresCommands;
import io.pghello.extension.testkit.internal.files.ClassPathExtension;
import java.io.IOException;
import java.io.OutputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.net.URLConnection;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs the installer with {@code java -jar} on copies of real servers. The servers then load the
 * installed extension.
 */
class InstallerIT {
  @TempDir private Path folder;

  @Test
  void installsIntoTheEmbeddedServer() throws Exception {
    Path copy = folder.resolve("server");
    execute(0, "cp", "-a", embedded().toString(), copy.toString());
    if (Files.readAllBytes(copy.resolve("bin/postgres"))[0] == '#') {
      // a script that starts Debian's program with its own C library, on an older system
      assertThat(installer(3, "check", copy.resolve("bin").toString()))
          .contains("bin/postgres is not a 64-bit program for Linux or macOS");
    } else {
      installs(copy);
    }
  }

  /** Uses installed Debian packages with a major version that the jar supports. */
  @Test
  void installsIntoAServerOfTheDistribution() throws Exception {
    ClassPathExtension jar = ClassPathExtension.find("pg_hello").orElseThrow();
    boolean found = false;
    for (int major : new int[] {15, 17, 18, 19}) {
      Path installed = Path.of("/usr/lib/postgresql/" + major);
      if (Files.exists(installed.resolve("bin/postgres"))
          && jar.builds().contains(Platform.current() + "/" + major)) {
        Path root = folder.resolve("root-" + major);
        for (String part : List.of("lib", "share")) {
          Path parent = Files.createDirectories(root.resolve("usr").resolve(part + "/postgresql"));
          // without the lock file that an installation by root leaves, which others cannot read
          execute(
              0,
              "sh",
              "-c",
              "tar -C /usr/%s/postgresql --exclude=.pg-extension-lock -c %d | tar -C '%s' -x"
                  .formatted(part, major, parent));
        }
        installs(root.resolve("usr/lib/postgresql/" + major));
        found = true;
      }
    }
    assumeTrue(found, "no server of the distribution");
  }

  private void installs(Path server) throws Exception {
    String bin = server.resolve("bin").toString();
    assertThat(installer(1, "check", bin)).contains("missing ", "pg_hello.control");
    String before = files(server);
    assertThat(installer(0, "install", bin)).contains("CREATE EXTENSION pg_hello;");
    assertThat(installer(0, "check", bin)).contains("All files are installed.");
    assertThat(query(server)).contains("\"Hello, Ada!\"");
    assertThat(installer(0, "uninstall", bin)).contains("removed ");
    assertThat(files(server)).isEqualTo(before);
  }

  private String installer(int status, String action, String bin) throws Exception {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    return execute(status, java, "-jar", jar().toString(), action, "--bindir", bin);
  }

  /** Returns the output of a server in single-user mode. */
  private String query(Path server) throws Exception {
    var programs = new PostgresCommands(server, Platform.ofThisJvm());
    Path data = Files.createTempDirectory(folder, "data");
    Path log = Files.createTempFile(folder, "log", "");
    int status =
        programs.run(
            log, "initdb", "--username=postgres", "--locale=C", "--no-sync", "--pgdata=" + data);
    assertThat(status).as(Files.readString(log)).isZero();
    Process process =
        programs.start(log, "postgres", "--single", "-D", data.toString(), "postgres");
    try (OutputStream in = process.getOutputStream()) {
      in.write(
          "CREATE EXTENSION pg_hello\nSELECT pg_hello('Ada')\n".getBytes(StandardCharsets.UTF_8));
    }
    process.waitFor();
    return Files.readString(log);
  }

  private static Path embedded() throws IOException, SQLException {
    try (ExtensionServer server = ExtensionServer.builder().start();
        TestDatabase database = server.createDatabase();
        Connection connection = database.superuserDataSource().getConnection();
        Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT setting FROM pg_catalog.pg_config() WHERE name = 'BINDIR'")) {
      row.next();
      return Path.of(row.getString(1)).resolve("..").normalize();
    }
  }

  /** Returns the names of all files except the lock file, which the installer does not remove. */
  private static String files(Path server) throws IOException {
    try (Stream<Path> files = Files.walk(server)) {
      return files
          .map(Path::toString)
          .filter(name -> !name.endsWith(".pg-extension-lock"))
          .sorted()
          .collect(Collectors.joining("\n"));
    }
  }

  /** Returns the jar on the class path. A directory of classes is packed into a jar. */
  private Path jar() throws Exception {
    URL descriptor = InstallerIT.class.getResource("/META-INF/pg-extension/pg_hello.properties");
    URLConnection connection = descriptor.openConnection();
    if (connection instanceof JarURLConnection jar) {
      return Path.of(jar.getJarFileURL().toURI());
    }
    Path classes = Path.of(descriptor.toURI()).resolve("../../..").normalize();
    Path jar = folder.resolve("pg_hello.jar");
    var manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    manifest
        .getMainAttributes()
        .put(Attributes.Name.MAIN_CLASS, "io.pghello.extension.launcher.Launcher");
    try (var out = new JarOutputStream(Files.newOutputStream(jar), manifest);
        Stream<Path> files = Files.walk(classes)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        out.putNextEntry(new JarEntry(classes.relativize(file).toString()));
        Files.copy(file, out);
      }
    }
    return jar;
  }

  /** Returns a program's output. */
  private String execute(int expected, String... command) throws Exception {
    Path log = Files.createTempFile(folder, "said", "");
    int status =
        new ProcessBuilder(new ArrayList<>(List.of(command)))
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start()
            .waitFor();
    assertThat(status).as(Files.readString(log)).isEqualTo(expected);
    return Files.readString(log);
  }
}
