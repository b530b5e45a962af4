// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import io.pghello.extension.testkit.ExtensionServer;
import io.pghello.extension.testkit.ServerBinaries;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Builds an extension with PGXS in a copy of its sources, for this machine or another platform, and
 * runs the extension's tests in this copy.
 */
final class Pgxs {
  /**
   * The version of the build procedure, which is part of the digest of a build's inputs. Increase
   * this number when the procedure changes.
   */
  private static final int FORMAT = 4;

  private final SourceDirectory sources;

  /** The parent directory of the builds for this platform. */
  private final Path target;

  private final @Nullable OtherPlatform other;
  private final CompilerOptions options;
  private final CommandRunner runner;
  private final RequiredTools tools;
  private final PluginScripts scripts;
  private final MakeCommand make;
  private @Nullable ServerPrograms servers;
  private List<String> allowedSymbols = List.of();

  /**
   * Creates a build, without running anything.
   *
   * @param target the parent directory of the builds, which contains a directory for each major
   *     version
   * @param environment the environment of the programs
   */
  Pgxs(Path source, Path target, boolean strict, String sanitize, Map<String, String> environment) {
    this(source, target, strict, sanitize, environment, null);
  }

  /**
   * Creates a build for another platform, without running anything.
   *
   * @param target the parent directory of the builds for this machine
   * @param other the other platform; null for this machine's platform
   */
  Pgxs(
      Path source,
      Path target,
      boolean strict,
      String sanitize,
      Map<String, String> environment,
      @Nullable OtherPlatform other) {
    Path root = target.toAbsolutePath().normalize();
    this.sources = new SourceDirectory(source.toAbsolutePath().normalize(), root);
    this.target = other == null ? root : Target.builds(root, other.platform().platform());
    this.other = other;
    this.options = new CompilerOptions(strict, sanitize);
    this.runner = new CommandRunner(environment);
    this.tools = new RequiredTools(runner, sources, this.target, other);
    this.scripts = new PluginScripts(runner, root, this.target, other);
    this.make = new MakeCommand(runner, other);
  }

  /**
   * Adds variables to all calls of make.
   *
   * @param arguments the variables, e.g. {@code USE_ZLIB=1}
   * @throws IllegalArgumentException if an argument is not a variable, or one that the plugin sets
   */
  Pgxs withVariables(List<String> arguments) {
    make.addVariables(arguments);
    return this;
  }

  /**
   * Sets the embedded servers that the symbols of libraries are compared with. Without this call,
   * only installed servers and servers from Debian's packages are used.
   *
   * @param allowed symbols that libraries may import although neither the server nor the libraries
   *     they need have them
   */
  Pgxs withServers(ServerPrograms embedded, List<String> allowed) {
    servers = embedded;
    allowedSymbols = allowed;
    return this;
  }

  /** Fails if a program required for builds is missing. */
  void requireTools() throws IOException, BuildException {
    tools.require();
  }

  /**
   * Builds for a major version, unless the build is up to date.
   *
   * @param log a consumer that receives a message about each slow step
   * @return false if the build was up to date
   */
  boolean build(int major, Consumer<String> log) throws IOException, BuildException {
    sources.requireMakefile();
    requireTools();
    PgConfig config = scripts.pgConfig(major, log);
    var build = new BuildDirectory(target, major);
    String digest = digest(config);
    if (Files.exists(build.inputs())
        && Files.readString(build.inputs()).equals(digest)
        && Files.exists(build.installed())) {
      return false;
    }
    build.discard();
    FileTree.delete(build.path());
    Path copy = Files.createDirectories(build.source());
    sources.copy(copy);
    Path include = Path.of(config.query("--includedir-server"));
    String cxx = other == null ? CompilerOptions.CXX : ShellScript.word(config.sibling("c++"));
    List<String> command =
        MakeCommand.with(
            make.command(config),
            "COPT=" + options.forC(copy, include),
            "CXX=" + ShellScript.quoted(options.writeCxx(cxx, build.path(), copy, include)));
    if (other != null) {
      // do not build programs: jars do not contain programs, and the libraries to link them with
      // are missing
      command = MakeCommand.with(command, "PROGRAM=");
    }
    // if a single make call built both targets, the target install would not find the results of
    // the target all
    make.run(major, config, copy, MakeCommand.with(command, "all"));
    Path installed = build.installed();
    // some Makefiles install a header into this directory, and expect it to exist
    Files.createDirectories(installed.resolve(Path.of("/").relativize(include)));
    String directory = "DESTDIR=" + ShellScript.inQuotes(installed);
    make.run(major, config, copy, MakeCommand.with(command, "install", directory));
    if (other != null) {
      PlatformLibraries.finish(other, build);
    }
    if (!options.haveSanitizer()) {
      new ImportedSymbols(runner, scripts, platform(), other != null, servers, allowedSymbols)
          .check(build, config, log);
    }
    Optional<String> version = config.version();
    if (version.isPresent()) {
      build.writeHeadersVersion(version.get());
    }
    Files.writeString(build.inputs(), digest);
    return true;
  }

  /**
   * Runs the tests that the Makefile lists, with {@code make installcheck} in the copy of the
   * sources.
   *
   * @param sockets the directory of the server's socket, through which clients log in without a
   *     password
   * @param log a consumer that receives messages about slow steps, skipped tests and the numbers of
   *     passed tests
   * @param warn a consumer that receives a warning if the Makefile lists no tests
   */
  void test(
      int major, ExtensionServer server, Path sockets, Consumer<String> log, Consumer<String> warn)
      throws IOException, BuildException {
    requireTools();
    tools.requirePsql();
    PgConfig config = scripts.pgConfig(major, log);
    new InstallCheck(runner, make, config, new BuildDirectory(target, major))
        .run(server, sockets, log, warn);
  }

  /** Returns the platform that the libraries are for. */
  private String platform() {
    return other == null ? ServerBinaries.currentPlatform() : other.platform().platform();
  }

  /** Returns a digest of all inputs of a library and of the check of its symbols. */
  private String digest(PgConfig config) throws IOException, BuildException {
    MessageDigest digest = Sha256.digest();
    update(
        digest,
        FORMAT
            + "\n"
            + options.digestInput()
            + "\n"
            + make.variables()
            + "\n"
            + allowedSymbols
            + "\n"
            + ServerBinaries.areDebianServersUsed(platform())
            + "\n"
            + config.path()
            + "\n"
            + config.query("--version"));
    for (Path file : sources.files()) {
      update(digest, sources.source().relativize(file).toString());
      digest.update(Files.isRegularFile(file) ? Files.readAllBytes(file) : new byte[0]);
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static void update(MessageDigest digest, String text) {
    digest.update((text + "\0").getBytes(StandardCharsets.UTF_8));
  }
}
