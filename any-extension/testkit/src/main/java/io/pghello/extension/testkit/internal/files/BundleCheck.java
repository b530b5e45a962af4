// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.files;

import io.pghello.extension.installer.ElfFile;
import io.pghello.extension.installer.ModuleMagic;
import io.pghello.extension.installer.NativeFile;
import io.pghello.extension.installer.NativeFileReader;
import io.pghello.extension.installer.PackedExtension;
import io.pghello.extension.testkit.internal.cache.Platform;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Rejects extensions that a server would reject.
 *
 * @param files the contents of the extensions' files by path
 * @param ownGlibc the version of the GNU C library that the server loads from these files; empty if
 *     the server uses the machine's C library
 */
record BundleCheck(
    List<ServerExtension> extensions,
    Platform platform,
    int major,
    Map<String, byte[]> files,
    Optional<String> ownGlibc) {
  /**
   * The extensions that are in Debian's PostGIS packages but not in the jar of this project's
   * PostGIS recipe, each with an explanation for the error message.
   */
  private static final Map<String, String> LEFT_OUT =
      Map.of(
          "postgis_raster", leftOut("GDAL and 90 other libraries"),
          "postgis_sfcgal", leftOut("SFCGAL and its libraries"));

  /**
   * Rejects libraries that the server could not load.
   *
   * @param system the version of the server's operating system or C library; empty if unknown
   * @param server the server program; empty if its symbols are not checked
   */
  void requireUsableLibraries(Optional<String> system, Optional<NativeFile> server)
      throws IOException {
    String suffix = PackedExtension.librarySuffix(platform.name(), major);
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      String name = file.getKey().substring(file.getKey().lastIndexOf('/') + 1);
      if (platform.isMac() && file.getKey().startsWith(ExtensionSource.NEEDED)) {
        throw new IllegalStateException(
            "The extension contains the library "
                + name
                + ", which PostgreSQL cannot find on macOS: because of the server's signature,"
                + " macOS ignores DYLD_LIBRARY_PATH. Link it statically into the extension's"
                + " library.");
      }
      if (file.getKey().startsWith(ExtensionSource.LIBRARIES) && name.endsWith(suffix)) {
        requireUsable(name, file.getValue(), system, server);
      }
    }
  }

  private void requireUsable(
      String file, byte[] content, Optional<String> system, Optional<NativeFile> server) {
    NativeFile library;
    try {
      library = NativeFileReader.read(content);
    } catch (IOException e) {
      throw new IllegalStateException(
          "The library " + file + " cannot be used: " + e.getMessage() + ". Build it again.", e);
    }
    if (!library.platforms().contains(platform.name())) {
      throw new IllegalStateException(
          "The library "
              + file
              + " was built for "
              + String.join(" and ", library.platforms())
              + ", but the server's machine is "
              + platform
              + ": build it there, or use the package for that platform.");
    }
    OptionalInt built = ModuleMagic.major(content);
    if (built.isPresent() && built.getAsInt() != major) {
      throw new IllegalStateException(
          "The library "
              + file
              + " was built for PostgreSQL "
              + built.getAsInt()
              + ", but the server is PostgreSQL "
              + major
              + ": build it with the server's PG_CONFIG, or use a server of the library's"
              + " version.");
    }
    Optional<String> problem = library.loadProblem(platform.name(), server);
    if (problem.isPresent()) {
      throw new IllegalStateException("The library " + file + " " + problem.get() + ".");
    }
    Optional<String> needed = library.minimumSystem(platform.name());
    if (needed.isPresent() && system.isPresent() && isNewer(needed.get(), system.get())) {
      throw new IllegalStateException(
          "The library " + file + " needs " + newerSystem(needed.get(), system.get()));
    }
  }

  private String newerSystem(String needed, String present) {
    if (!platform.isLinux()) {
      return (platform.isMac() ? "macOS " : "Windows ")
          + needed
          + ", but this machine has "
          + present
          + ": build it for that version"
          + (platform.isMac() ? " (MACOSX_DEPLOYMENT_TARGET=" + present + ")." : ".");
    }
    return "version "
        + needed
        + " of the GNU C library, but "
        + (ownGlibc.isPresent()
            ? "the extensions' packages contain version " + present + ": use a newer libc6 package."
            : "this machine has "
                + present
                + ": build it here, or use the package from an older distribution."
                + missingLibc());
  }

  /**
   * Returns a sentence, with a leading space, if the jar of an extension's C library is missing.
   */
  private String missingLibc() {
    return extensions.stream()
        .flatMap(extension -> extension.source().missingLibc().stream())
        .findFirst()
        .map(
            libc ->
                " Or add the jar that contains "
                    + libc
                    + " to the class path (for recipes: pg-extension-glibc)."
                    + ClassPathExtension.unreadableJars())
        .orElse("");
  }

  void requireControlFile(String name, @Nullable String by, List<Path> scripts, Set<String> seen)
      throws IOException {
    if (!seen.add(name)) {
      return;
    }
    Optional<Path> file =
        scripts.stream()
            .map(folder -> folder.resolve(name + ControlFile.SUFFIX))
            .filter(Files::isRegularFile)
            .findFirst();
    if (file.isEmpty() && by != null && ClassPathExtension.find(name).isPresent()) {
      throw new IllegalStateException(
          "The extension \""
              + by
              + "\" requires \""
              + name
              + "\", which is on the class path: add it to the extensions of the server, too.");
    }
    if (file.isEmpty()) {
      List<String> ofServer = names(scripts);
      List<String> onClassPath = ClassPathExtension.names();
      throw new IllegalStateException(
          (by == null
                  ? "There is no extension \"" + name + "\"."
                  : "The extension \"" + by + "\" requires \"" + name + "\", which was not found.")
              + LEFT_OUT.getOrDefault(
                  name,
                  SimilarNames.question(
                      name, Stream.concat(onClassPath.stream(), ofServer.stream())))
              + ClassPathExtension.unreadableJars()
              + " The class path contains "
              + (onClassPath.isEmpty() ? "no extension" : String.join(", ", onClassPath))
              + ". Add the jar that contains META-INF/pg-extension/"
              + name
              + ".properties, such as a recipe of docs/extensions.md, or use"
              + " NativeExtension.fromInstall(...). PostgreSQL "
              + major
              + " includes only "
              + String.join(", ", ofServer)
              + ".");
    }
    for (String required : new ControlFile(Files.readAllBytes(file.get())).requires()) {
      requireControlFile(required, name, scripts, seen);
    }
  }

  private static String leftOut(String reason) {
    return " The PostGIS recipe does not contain this extension, because it needs "
        + reason
        + ": use the container image postgis/postgis, or an installed server with PostGIS.";
  }

  static boolean isNewer(String version, String other) {
    return ElfFile.BY_VERSION.compare(version, other) > 0;
  }

  private static List<String> names(List<Path> folders) throws IOException {
    var names = new TreeSet<String>();
    for (Path folder : folders) {
      if (Files.isDirectory(folder)) {
        try (Stream<Path> scripts = Files.list(folder)) {
          scripts
              .map(path -> path.getFileName().toString())
              .filter(name -> name.endsWith(ControlFile.SUFFIX) && !name.contains("--"))
              .map(name -> name.substring(0, name.length() - ControlFile.SUFFIX.length()))
              .forEach(names::add);
        }
      }
    }
    return List.copyOf(names);
  }
}
