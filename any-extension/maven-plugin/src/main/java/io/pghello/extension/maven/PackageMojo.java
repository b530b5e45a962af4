// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import io.pghello.extension.installer.ElfFile;
import io.pghello.extension.installer.ElfSymbols;
import io.pghello.extension.installer.PackedExtension;
import io.pghello.extension.launcher.Launcher;
import io.pghello.extension.testkit.NativeExtension;
import java.io.File;
import java.io.IOException;
import java.io.StringWriter;
import java.net.URISyntaxException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeMap;
import java.util.function.BinaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.maven.plugin.AbstractMojo;
import org.apache.maven.plugin.MojoExecutionException;
import org.apache.maven.plugin.MojoFailureException;
import org.apache.maven.plugins.annotations.LifecyclePhase;
import org.apache.maven.plugins.annotations.Mojo;
import org.apache.maven.plugins.annotations.Parameter;
import org.jspecify.annotations.Nullable;

/**
 * Packages the files built by the goal {@code compile} into the project's jar. Tests load the
 * extension from this jar with {@code NativeExtension.fromClassPath(NAME)} of pg-extension-testkit.
 *
 * <p>Copies the files to {@code META-INF/pg-extension/NAME} in the classes directory, and writes
 * the descriptor {@code NAME.properties}. Also copies the installer: if {@code
 * io.pghello.extension.launcher.Launcher} is the main class of the jar, {@code java -jar} installs
 * the extension on a server.
 *
 * <p>Each major version has its own files. Libraries for the platforms of this build replace the
 * libraries that an earlier build created for these platforms. Existing libraries for other
 * platforms, in {@code PLATFORM/MAJOR}, are kept, and are also listed in {@code SHA256SUMS}.
 */
@Mojo(name = "package", defaultPhase = LifecyclePhase.PROCESS_CLASSES, threadSafe = true)
public class PackageMojo extends AbstractMojo {
  private static final String FOLDER = "META-INF/pg-extension";
  private static final String INSTALLER = "META-INF/pg-extension-installer/";
  private static final String SHARED = "share";

  /** Name of the extension. Default: the name of the only control file. */
  @Parameter(property = "pg-extension.name")
  @Nullable String name;

  /** Major versions of PostgreSQL that the extension was built for. */
  @Parameter(property = "pg-extension.majors", defaultValue = "17")
  List<Integer> majors = List.of();

  /**
   * Platforms that the extension was built for; see the goal {@code compile}. If the build for
   * another platform failed, the jar does not contain that platform's libraries.
   */
  @Parameter(property = "pg-extension.platforms")
  List<String> platforms = List.of();

  /** Fail if the extension was not built for one of the platforms. */
  @Parameter(property = "pg-extension.require-platforms", defaultValue = "false")
  boolean requirePlatforms;

  /**
   * Highest version of the GNU C library that libraries for Linux may need, e.g. {@code 2.31}. If a
   * library needs a later version, the build fails. Default: no limit.
   */
  @Parameter(property = "pg-extension.max-glibc")
  @Nullable String maxGlibc;

  /** Libraries that the server must preload, without suffix. */
  @Parameter List<String> preload = List.of();

  /** Settings that the server needs. */
  @Parameter Map<String, String> settings = Map.of();

  /** Skip this goal. */
  @Parameter(property = "pg-extension.skip", defaultValue = "false")
  boolean skip;

  @Parameter(
      defaultValue = "${project.build.directory}/pg-extension",
      readonly = true,
      required = true)
  File buildDirectory = new File("");

  @Parameter(defaultValue = "${project.build.outputDirectory}", readonly = true, required = true)
  File classesDirectory = new File("");

  @Override
  public void execute() throws MojoExecutionException, MojoFailureException {
    if (skip) {
      return;
    }
    try {
      majors = Target.majors(majors);
      if (maxGlibc != null && !maxGlibc.matches("[0-9]{1,4}(\\.[0-9]{1,4})+")) {
        throw new IllegalArgumentException(
            "pg-extension.max-glibc must be a version such as 2.31, but is " + maxGlibc);
      }
      BuildLock lock = BuildLock.of(buildDirectory.toPath(), getLog()::info);
      try (lock) {
        pack();
      }
    } catch (IllegalArgumentException | IllegalStateException e) {
      throw new MojoFailureException(e.getMessage(), e);
    } catch (IOException e) {
      throw new MojoExecutionException(e.toString(), e);
    }
  }

  private void pack() throws IOException {
    List<String> wanted = Target.platforms(platforms);
    var packed = new TreeMap<String, byte[]>();
    var unbuilt = new ArrayList<String>();
    var headers = new TreeMap<Integer, String>();
    String extension = name;
    for (int major : majors) {
      boolean shared = false;
      for (String platform : wanted) {
        Path builds = Target.builds(buildDirectory.toPath(), platform);
        var build = new BuildDirectory(builds, major);
        if (Target.of(platform).isPresent() && !Files.exists(build.installed())) {
          unbuilt.add(platform + "/" + major);
          continue;
        }
        NativeExtension installed = build.extension(extension);
        extension = installed.name();
        for (Map.Entry<String, byte[]> file : installed.files(platform, major).entrySet()) {
          // the shared files are the same for all platforms
          packed.putIfAbsent(place(file.getKey(), platform, major), file.getValue());
        }
        if (!shared) {
          shared = true;
          warn(major, installed.unusedFiles(major));
          String version = build.headersVersion();
          if (version != null) {
            headers.put(major, version);
          }
        }
      }
      if (!shared) {
        throw new IllegalStateException(
            "The extension was not built for PostgreSQL "
                + major
                + " on any of "
                + String.join(", ", wanted)
                + ". Run the goal compile first, with the same platforms.");
      }
    }
    if (requirePlatforms && !unbuilt.isEmpty()) {
      throw new IllegalStateException(
          "The jar would have no libraries for "
              + String.join(", ", unbuilt)
              + ", because they were not built. Remedy: run the goal compile first, with the same"
              + " platforms");
    }
    checkGlibc(packed);
    Path descriptors = classesDirectory.toPath().resolve(FOLDER);
    Path folder = descriptors.resolve(Objects.requireNonNull(extension));
    // files of an earlier build may be outdated
    FileTree.delete(folder.resolve(SHARED));
    for (String platform : Target.platforms(List.of(Target.ALL))) {
      if (wanted.contains(platform)
          || Files.exists(Target.builds(buildDirectory.toPath(), platform))) {
        FileTree.delete(folder.resolve(platform));
      }
    }
    for (Map.Entry<String, byte[]> file : packed.entrySet()) {
      write(folder.resolve(file.getKey()), file.getValue());
    }
    List<String> files = files(folder);
    Files.write(folder.resolve("SHA256SUMS"), sums(folder, files));
    Files.write(descriptors.resolve(extension + ".properties"), descriptor(headers));
    copyInstaller(classesDirectory.toPath());
    getLog().info("Packed " + extension + " with libraries for " + builds(files));
    if (!unbuilt.isEmpty()) {
      getLog()
          .warn(
              "The jar has no libraries for "
                  + String.join(", ", unbuilt)
                  + ", because they were not built");
    }
  }

  /**
   * Logs the version of the GNU C library that the libraries for each Linux platform need, because
   * it depends on the machine that built them.
   */
  private void checkGlibc(Map<String, byte[]> packed) throws IOException {
    var needed = new TreeMap<String, String>();
    for (Map.Entry<String, byte[]> file : packed.entrySet()) {
      if (!file.getKey().startsWith("linux-") || !file.getKey().endsWith(".so")) {
        continue;
      }
      ElfFile library;
      try {
        library = ElfFile.read(file.getValue());
      } catch (IOException e) {
        // for example the library of another processor, which the testkit reports
        continue;
      }
      Optional<String> version = library.glibc();
      if (version.isPresent()) {
        if (maxGlibc != null && ElfFile.BY_VERSION.compare(version.get(), maxGlibc) > 0) {
          throw new IllegalStateException(
              "The library "
                  + file.getKey()
                  + " needs version "
                  + version.get()
                  + " of the GNU C library because of "
                  + newer(file.getValue(), maxGlibc)
                  + ", but pg-extension.max-glibc is "
                  + maxGlibc
                  + ". Remedy: build on a distribution with this version, for example in a"
                  + " container, or set a higher version");
        }
        needed.merge(
            file.getKey().substring(0, file.getKey().indexOf('/')),
            version.get(),
            BinaryOperator.maxBy(ElfFile.BY_VERSION));
      }
    }
    needed.forEach(
        (platform, version) ->
            getLog()
                .info(
                    "The libraries for "
                        + platform
                        + " need version "
                        + version
                        + " or later of the GNU C library"));
  }

  /** Returns the names of the symbols that need a later version of the GNU C library. */
  private static String newer(byte[] library, String max) throws IOException {
    return ElfFile.readSymbols(library).imports().stream()
        .filter(
            symbol ->
                symbol
                    .version()
                    .filter(version -> version.matches("GLIBC_[0-9]{1,4}(\\.[0-9]{1,4})+"))
                    .filter(
                        version ->
                            ElfFile.BY_VERSION.compare(version.substring("GLIBC_".length()), max)
                                > 0)
                    .isPresent())
        .map(ElfSymbols.Import::name)
        .sorted()
        .collect(Collectors.joining(", "));
  }

  private void warn(int major, List<String> left) {
    if (!left.isEmpty()) {
      getLog()
          .warn(
              "Not packed for PostgreSQL "
                  + major
                  + ", because a jar can contain only libraries and shared files: "
                  + String.join(", ", left));
    }
  }

  private static void write(Path file, byte[] content) throws IOException {
    Files.createDirectories(Objects.requireNonNull(file.getParent()));
    Files.write(file, content);
  }

  /** Copies the installer, which java -jar runs if Launcher is the main class. */
  private static void copyInstaller(Path classes) throws IOException {
    Path from;
    try {
      from = Path.of(Launcher.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new IOException(e);
    }
    if (Files.isDirectory(from)) {
      copyInstaller(from, classes);
    } else {
      try (FileSystem jar = FileSystems.newFileSystem(from)) {
        copyInstaller(jar.getPath("/"), classes);
      }
    }
  }

  private static void copyInstaller(Path from, Path classes) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.filter(each -> each.toString().endsWith(".class")).toList()) {
        String name = from.relativize(file).toString();
        if (!name.endsWith("package-info.class")) {
          boolean launcher = name.equals(Launcher.class.getName().replace('.', '/') + ".class");
          write(classes.resolve(launcher ? name : INSTALLER + name), Files.readAllBytes(file));
        }
      }
    }
  }

  /** Returns the path in the jar for a file that make install has installed. */
  private static String place(String path, String platform, int major) {
    if (path.startsWith(PackedExtension.LIBRARIES)) {
      String library = path.substring(PackedExtension.LIBRARIES.length());
      return platform + "/" + major + "/" + library;
    }
    if (path.startsWith(PackedExtension.SHARED)) {
      return SHARED + "/" + major + "/" + path.substring(PackedExtension.SHARED.length());
    }
    throw new IllegalStateException(
        "make install has put "
            + path.substring(path.lastIndexOf('/') + 1)
            + " into a directory of system libraries, which a jar cannot contain: link it"
            + " statically, or install it with a package.");
  }

  /** Returns the lines of the descriptor, without a timestamp. */
  private List<String> descriptor(Map<Integer, String> headers) throws IOException {
    var descriptor = new Properties();
    descriptor.setProperty(
        "majors", majors.stream().map(String::valueOf).collect(Collectors.joining(",")));
    if (!preload.isEmpty()) {
      descriptor.setProperty("preload", String.join(",", preload));
    }
    settings.forEach((key, value) -> descriptor.setProperty("setting." + key, value));
    headers.forEach((major, version) -> descriptor.setProperty("headers." + major, version));
    var text = new StringWriter();
    descriptor.store(text, null);
    // the first line contains the date
    return text.toString().lines().filter(line -> !line.startsWith("#")).sorted().toList();
  }

  /** Returns the files of all platforms and major versions, for example linux-amd64/17/acme.so. */
  private static List<String> files(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files
          .filter(Files::isRegularFile)
          .map(folder::relativize)
          .filter(file -> file.getNameCount() > 2)
          .map(Path::toString)
          .sorted()
          .toList();
    }
  }

  /** Returns the checksums of files in the format of sha256sum. */
  private static List<String> sums(Path folder, List<String> files) throws IOException {
    var sums = new ArrayList<String>();
    for (String file : files) {
      sums.add(Sha256.hex(Files.readAllBytes(folder.resolve(file))) + "  " + file);
    }
    return sums;
  }

  /** Returns the directories with libraries, for example linux-amd64/17. */
  private static String builds(List<String> files) {
    return files.stream()
        .filter(file -> !file.startsWith(SHARED))
        .map(file -> Path.of(file).subpath(0, 2).toString())
        .distinct()
        .collect(Collectors.joining(", "));
  }
}
