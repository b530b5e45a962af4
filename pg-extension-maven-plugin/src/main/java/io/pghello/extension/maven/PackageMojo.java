// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import io.pghello.extension.launcher.Launcher;
import io.pghello.extension.testkit.internal.ExtensionSource;
import io.pghello.extension.testkit.internal.InstalledExtension;
import io.pghello.extension.testkit.internal.Platform;
import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.maven.plugin.AbstractMojo;
import org.apache.maven.plugin.MojoExecutionException;
import org.apache.maven.plugin.MojoFailureException;
import org.apache.maven.plugins.annotations.LifecyclePhase;
import org.apache.maven.plugins.annotations.Mojo;
import org.apache.maven.plugins.annotations.Parameter;
import org.jspecify.annotations.Nullable;

/**
 * Puts what the goal {@code compile} has built into the classes' folder, as {@code
 * META-INF/pg-extension/NAME}, with the descriptor from which {@code NativeExtension.of(NAME)} of
 * pg-extension-testkit knows the files. Libraries are for this machine's platform. Those of others
 * that are in that folder already, in {@code PLATFORM/MAJOR}, are listed as well.
 *
 * <p>The installer comes along: with {@code io.pghello.extension.launcher.Launcher} as the main
 * class of the jar, {@code java -jar} puts the extension into an installed server.
 */
@Mojo(name = "package", defaultPhase = LifecyclePhase.PROCESS_CLASSES, threadSafe = true)
public class PackageMojo extends AbstractMojo {
  private static final String FOLDER = "META-INF/pg-extension";
  private static final String INSTALLER = "META-INF/pg-extension-installer/";
  private static final String LIBRARY = ".so";

  /** The extension's name. Default: that of the only control file. */
  @Parameter(property = "pg-extension.name")
  @Nullable String name;

  /** The majors that it was built for. */
  @Parameter(property = "pg-extension.majors", defaultValue = "17")
  List<Integer> majors = List.of();

  /** Libraries that a server must preload, without suffix. */
  @Parameter List<String> preload = List.of();

  /** Settings that a server needs. */
  @Parameter Map<String, String> settings = Map.of();

  /** Does nothing. */
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
      pack();
    } catch (IllegalArgumentException | IllegalStateException e) {
      throw new MojoFailureException(e.getMessage(), e);
    } catch (IOException e) {
      throw new MojoExecutionException(e.toString(), e);
    }
  }

  private void pack() throws IOException {
    Path classes = classesDirectory.toPath();
    var shared = new TreeMap<String, byte[]>();
    var libraries = new TreeMap<String, byte[]>();
    var names = new TreeSet<String>();
    String extension = name;
    for (int major : majors) {
      InstalledExtension installed =
          InstalledExtension.in(Pgxs.installed(buildDirectory.toPath(), major), extension);
      extension = installed.name();
      for (Map.Entry<String, byte[]> file : installed.files(major).entrySet()) {
        String path = file.getKey();
        if (path.startsWith(ExtensionSource.LIBRARIES)) {
          String library = path.substring(ExtensionSource.LIBRARIES.length());
          names.add(library);
          libraries.put(Platform.current() + "/" + major + "/" + library, file.getValue());
        } else {
          byte[] other =
              shared.put(path.substring(ExtensionSource.SHARED.length()), file.getValue());
          if (other != null && !Arrays.equals(other, file.getValue())) {
            throw new IllegalStateException(
                path + " differs from one major to another, and a jar has one of it.");
          }
        }
      }
    }
    Path folder = classes.resolve(FOLDER).resolve(Objects.requireNonNull(extension, "majors"));
    // data keep their folders below that of shared files, scripts have none
    String scripts = ExtensionSource.SCRIPTS.substring(ExtensionSource.SHARED.length());
    var descriptor = new TreeMap<String, String>();
    for (Map.Entry<String, byte[]> file : shared.entrySet()) {
      boolean script = file.getKey().startsWith(scripts);
      String path = script ? file.getKey().substring(scripts.length()) : file.getKey();
      descriptor.merge(script ? "scripts" : "data", path, (one, more) -> one + ", " + more);
      write(folder.resolve(path), file.getValue());
    }
    for (Map.Entry<String, byte[]> library : libraries.entrySet()) {
      write(folder.resolve(library.getKey()), library.getValue());
    }
    if (!names.isEmpty()) {
      descriptor.put("libraries", String.join(", ", names));
      Files.writeString(folder.resolve("SHA256SUMS"), sums(folder, names));
    }
    if (!preload.isEmpty()) {
      descriptor.put("preload", String.join(", ", preload));
    }
    settings.forEach((key, value) -> descriptor.put("setting." + key, escaped(value)));
    var text = new StringBuilder();
    descriptor.forEach((key, value) -> text.append(key).append(" = ").append(value).append('\n'));
    Files.writeString(classes.resolve(FOLDER).resolve(extension + ".properties"), text);
    copyInstaller(classes);
    getLog()
        .info("Packed " + extension + " with libraries for " + String.join(", ", builds(folder)));
  }

  /** Copies what makes the jar install its extension by java -jar, where it is told of Launcher. */
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

  /** Returns a value as properties have it. */
  private static String escaped(String value) {
    return value.replace("\\", "\\\\");
  }

  /** Returns what sha256sum says of the libraries of all platforms and majors. */
  private static String sums(Path folder, Set<String> names) throws IOException {
    var sums = new StringBuilder();
    for (String build : builds(folder)) {
      for (String name : names) {
        Path file = folder.resolve(build).resolve(name);
        if (Files.exists(file)) {
          sums.append(sha256(Files.readAllBytes(file)) + "  " + build + "/" + name + "\n");
        }
      }
    }
    return sums.toString();
  }

  /** Returns the folders with libraries, as in linux-amd64/17. */
  private static List<String> builds(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      return files
          .filter(file -> file.toString().endsWith(LIBRARY))
          .map(folder::relativize)
          .filter(file -> file.getNameCount() > 2)
          .map(file -> file.subpath(0, 2).toString())
          .distinct()
          .sorted()
          .toList();
    }
  }

  private static void write(Path file, byte[] content) throws IOException {
    Files.createDirectories(Objects.requireNonNull(file.getParent()));
    Files.write(file, content);
  }

  private static String sha256(byte[] content) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
