// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.testkit.NativeExtension;
import io.pghello.extension.testkit.Stage;
import io.pghello.extension.testkit.internal.cache.Platform;
import java.io.File;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClassPathExtensionTest {
  @TempDir private Path folder;

  private void describe(String descriptor) {
    Stage.write(folder.resolve("META-INF/pg-extension/acme.properties"), descriptor);
  }

  private <T> T onClassPath(Callable<T> action, Path... folders) throws Exception {
    var urls = new URL[folders.length];
    for (int i = 0; i < folders.length; i++) {
      urls[i] = folders[i].toUri().toURL();
    }
    ClassLoader before = Thread.currentThread().getContextClassLoader();
    try (var loader = new URLClassLoader(urls, before)) {
      Thread.currentThread().setContextClassLoader(loader);
      return action.call();
    } finally {
      Thread.currentThread().setContextClassLoader(before);
    }
  }

  private ClassPathExtension found() throws Exception {
    return onClassPath(() -> ClassPathExtension.find("acme").orElseThrow(), folder);
  }

  private static java.util.Map<String, byte[]> files(int major) {
    return ClassPathExtension.find("acme").orElseThrow().files(Platform.current(), major);
  }

  @Test
  void readsADescriptor() throws Exception {
    describe(
        """
        folder = org/acme
        scripts = acme.control, acme--1.0.sql
        data = tsearch_data/acme.rules
        preload = acme, acme_worker
        setting.acme.database = jobs
        """);
    for (String file : new String[] {"acme.control", "acme--1.0.sql", "tsearch_data/acme.rules"}) {
      Stage.write(folder.resolve("org/acme").resolve(file), file);
    }
    onClassPath(
        () -> {
          ClassPathExtension found = ClassPathExtension.find("acme").orElseThrow();
          assertThat(found.files(17).keySet())
              .containsExactly(
                  "share/postgresql/extension/acme.control",
                  "share/postgresql/extension/acme--1.0.sql",
                  "share/postgresql/tsearch_data/acme.rules");
          ServerExtension extension = found.toServerExtension();
          assertThat(extension.preload()).containsExactly("acme", "acme_worker");
          assertThat(extension.settings())
              .containsOnly(java.util.Map.entry("acme.database", "jobs"));
          assertThat(extension.created()).isTrue();
          return null;
        },
        folder);
  }

  @Test
  void readsADescriptorAsUtf8() throws Exception {
    describe("scripts = acme.control\nsetting.acme.unit = m²");
    assertThat(found().toServerExtension().settings()).containsEntry("acme.unit", "m²");
    Stage.write(
        folder.resolve("META-INF/pg-extension/acme.properties"),
        "scripts = acme.control\nsetting.acme.unit = m²".getBytes(StandardCharsets.ISO_8859_1));
    assertThatThrownBy(this::found)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("acme.properties cannot be read: ");
  }

  @Test
  void returnsEmptyIfThereIsNoDescriptor() {
    assertThat(ClassPathExtension.find("acme")).isEmpty();
  }

  /**
   * In a thread of the common pool, the context class loader may not see the application's classes.
   */
  @Test
  void searchesItsOwnClassLoaderToo() {
    ClassLoader before = Thread.currentThread().getContextClassLoader();
    for (ClassLoader other : new ClassLoader[] {null, ClassLoader.getPlatformClassLoader()}) {
      Thread.currentThread().setContextClassLoader(other);
      try {
        assertThat(ClassPathExtension.find("pg_hello")).isPresent();
      } finally {
        Thread.currentThread().setContextClassLoader(before);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../../../outside.sql",
        "/etc/acme.sql",
        "acme/../../acme.sql",
        "./acme--1.0.sql",
        "a//b.sql"
      })
  void rejectsAFileOutsideItsDirectory(String file) throws Exception {
    describe("scripts = acme.control, " + file);
    Stage.write(folder.resolve("META-INF/pg-extension/acme/acme.control"), "");
    assertThatThrownBy(() -> onClassPath(() -> files(17), folder))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(
            "META-INF/pg-extension/acme.properties lists \"%s\", which is not a path below"
                    .formatted(file)
                + " share/postgresql/extension/");
  }

  @Test
  void rejectsALibraryOutsideItsDirectory() throws Exception {
    describe("scripts = acme.control\nlibraries = ../../bin/postgres");
    assertThatThrownBy(() -> onClassPath(() -> files(17), folder))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(
            "lists \"../../bin/postgres\", which is not a path below lib/postgresql/");
  }

  @Test
  void rejectsUnknownKeys() {
    describe("scripts = acme.control\npreloads = acme");
    assertThatThrownBy(this::found)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(
            "has the unknown key \"preloads\"; valid keys are folder, scripts, data,");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "scripts = other.control", "libraries = acme.so"})
  void rejectsADescriptorWithoutItsControlFile(String descriptor) {
    describe(descriptor);
    assertThatThrownBy(this::found)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("does not list acme.control among its scripts");
  }

  @Test
  void rejectsTwoDescriptorsOfAName(@TempDir Path other) throws IOException {
    describe("scripts = acme.control");
    Stage.write(other.resolve("META-INF/pg-extension/acme.properties"), "scripts = acme.control");
    assertThatThrownBy(() -> onClassPath(() -> ClassPathExtension.find("acme"), folder, other))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("The extension \"acme\" is on the class path twice; keep only one: ")
        .hasMessageContaining(other.toString());
  }

  @Test
  void namesAMissingFile() throws Exception {
    describe("scripts = acme.control");
    assertThatThrownBy(() -> onClassPath(() -> files(17), folder))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(
            "There is no META-INF/pg-extension/acme/acme.control on the class path, although"
                + " META-INF/pg-extension/acme.properties lists it.");
  }

  @Test
  void listsSupportedPlatformsIfALibraryIsMissing() {
    Optional<ClassPathExtension> found = ClassPathExtension.find("pg_hello");
    assertThatThrownBy(() -> found.orElseThrow().files("linux-riscv64", 17))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageStartingWith(
            "The extension \"pg_hello\" has no library for PostgreSQL 17 on linux-riscv64, only for"
                + " ")
        .hasMessageContaining(" linux-amd64/15, ");
  }

  @Test
  void rejectsAChangedLibrary() throws Exception {
    describe("scripts = acme.control\nlibraries = acme.so");
    Path files = folder.resolve("META-INF/pg-extension/acme");
    Stage.write(files.resolve("acme.control"), "");
    String build = Platform.current() + "/17";
    Stage.write(files.resolve(build + "/acme.so"), "changed");
    Stage.write(files.resolve("SHA256SUMS"), "00  " + build + "/acme.so\n");
    assertThatThrownBy(() -> onClassPath(() -> files(17), folder))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("/acme.so does not match SHA256SUMS");
  }

  private void pack(String... files) throws Exception {
    var sums = new StringBuilder();
    for (String file : files) {
      Stage.write(folder.resolve("META-INF/pg-extension/acme").resolve(file), file);
      sums.append(sha256(file)).append("  ").append(file).append('\n');
    }
    Stage.write(folder.resolve("META-INF/pg-extension/acme/SHA256SUMS"), sums.toString());
  }

  private static String sha256(String content) throws Exception {
    return HexFormat.of()
        .formatHex(
            MessageDigest.getInstance("SHA-256").digest(content.getBytes(StandardCharsets.UTF_8)));
  }

  @Test
  void hasSeparateFilesForMajors() throws Exception {
    describe("majors = 15, 17, 18");
    String platform = Platform.current();
    pack(
        "share/15/extension/acme.control",
        "share/15/extension/acme--1.0.sql",
        "share/17/extension/acme.control",
        "share/17/tsearch_data/acme.rules",
        "share/18/extension/acme.control",
        platform + "/15/acme.so",
        platform + "/17/acme.so",
        platform + "/17/acme/other.so",
        "needed/" + platform + "/17/libgeo.so.1",
        "needed/linux-riscv64/17/libgeo.so.1",
        "linux-riscv64/18/acme.so");
    onClassPath(
        () -> {
          ClassPathExtension extension = ClassPathExtension.find("acme").orElseThrow();
          assertThat(extension.isBuiltFor(platform, 17)).isTrue();
          assertThat(extension.isBuiltFor(platform, 18)).as("another platform only").isFalse();
          assertThat(extension.isBuiltFor(platform, 16)).as("no such version").isFalse();
          assertThat(files(15).keySet())
              .containsExactly(
                  "share/postgresql/extension/acme.control",
                  "share/postgresql/extension/acme--1.0.sql",
                  "lib/postgresql/acme.so");
          assertThat(files(17).keySet())
              .containsExactly(
                  "share/postgresql/extension/acme.control",
                  "share/postgresql/tsearch_data/acme.rules",
                  "lib/postgresql/acme.so",
                  "lib/postgresql/acme/other.so",
                  "lib/needed/libgeo.so.1");
          assertThat(files(17).get("lib/postgresql/acme.so"))
              .asString()
              .isEqualTo(platform + "/17/acme.so");
          assertThatThrownBy(() -> files(16))
              .hasMessageStartingWith(
                  "The extension \"acme\" has no files for PostgreSQL 16, only for 15, 17, 18: use one"
                      + " of these, or build the extension with ")
              .hasMessageEndingWith(
                  "mvn verify -Dpg-extension.majors=15,16,17,18 (a recipe: with scripts/recipes.sh 16).");
          assertThatThrownBy(() -> files(18))
              .hasMessageStartingWith(
                  "The extension \"acme\" has no library for PostgreSQL 18 on %s, only for "
                      .formatted(platform))
              .hasMessageContaining(
                  "only for %1$s/15, %1$s/17, linux-riscv64/18.".formatted(platform));
          return null;
        },
        folder);
  }

  /** The C library may be in a separate jar, which an application may omit. */
  @Test
  void readsACLibraryFromADirectory() throws Exception {
    describe("majors = 17\nlibc = org/acme/libc");
    pack("share/17/extension/acme.control");
    onClassPath(
        () -> {
          ClassPathExtension found = ClassPathExtension.find("acme").orElseThrow();
          assertThat(found.hasLibc()).isFalse();
          assertThat(found.missingLibc()).contains("org/acme/libc");
          assertThat(found.libc()).isEmpty();
          assertThatThrownBy(() -> files(16)).hasMessageContaining("only for 17: use it, or build");
          return null;
        },
        folder);
    Path libc = folder.resolve("org/acme/libc");
    String file = Platform.current() + "/libc.so.6";
    Stage.write(libc.resolve(file), "libc");
    Stage.write(
        libc.resolve("SHA256SUMS"),
        sha256("libc") + "  " + file + "\n00  linux-riscv64/libc.so.6\n");
    onClassPath(
        () -> {
          assertThat(files(17)).containsOnlyKeys("share/postgresql/extension/acme.control");
          ClassPathExtension found = ClassPathExtension.find("acme").orElseThrow();
          assertThat(found.hasLibc()).isTrue();
          assertThat(found.missingLibc()).isEmpty();
          assertThat(found.libc()).containsOnlyKeys("lib/libc/libc.so.6");
          return null;
        },
        folder);
    Stage.write(libc.resolve(file), "other");
    assertThatThrownBy(
            () -> onClassPath(() -> ClassPathExtension.find("acme").orElseThrow().libc(), folder))
        .hasMessageContaining(file + " does not match SHA256SUMS");
  }

  @Test
  void reportsThatTheListOfHashesIsIncomplete() throws Exception {
    describe("majors = 15, 17");
    pack("share/15/extension/acme.control");
    assertThatThrownBy(() -> onClassPath(() -> files(17), folder))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(
            "The extension \"acme\" has no files for PostgreSQL 17, although"
                + " META-INF/pg-extension/acme.properties lists it: META-INF/pg-extension/acme/"
                + "SHA256SUMS is incomplete. Build the extension again.");
  }

  @Test
  void rejectsAListedPathOutsideItsDirectory() throws Exception {
    describe("majors = 17");
    pack("share/17/extension/acme.control");
    Stage.write(
        folder.resolve("META-INF/pg-extension/acme/SHA256SUMS"), "00  share/17/../../../outside\n");
    assertThatThrownBy(() -> onClassPath(() -> files(17), folder))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(
            "lists \"../../../outside\", which is not a path below share/postgresql/");
  }

  /** Returns the identity of the extension in the directory, packed into a new jar. */
  private Optional<String> identityInJar(Path target) throws Exception {
    Path jar = Files.createTempFile(target, "acme", ".jar");
    try (var out = new JarOutputStream(Files.newOutputStream(jar));
        Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        out.putNextEntry(new ZipEntry(folder.relativize(file).toString().replace('\\', '/')));
        out.write(Files.readAllBytes(file));
      }
    }
    return onClassPath(() -> ClassPathExtension.find("acme").orElseThrow().identity(), jar);
  }

  /**
   * If computing the identity required reading the files, each start would read and hash all
   * libraries.
   */
  @Test
  void identifiesFilesInAJarByTheirHashes(@TempDir Path jars) throws Exception {
    describe(
        "scripts = acme.control\ndata = acme.rules\nlibraries = acme.so\nlibc = org/acme/libc");
    Path files = folder.resolve("META-INF/pg-extension/acme");
    Path libc = folder.resolve("org/acme/libc/SHA256SUMS");
    String library = Platform.current() + "/17/acme.so";
    pack(library);
    Stage.write(files.resolve("acme.control"), "");
    Stage.write(files.resolve("acme.rules"), "");
    Stage.write(libc, "00  linux-amd64/libc.so.6\n");
    Optional<String> identity = identityInJar(jars);
    assertThat(identity).isPresent();
    assertThat(identityInJar(jars)).isEqualTo(identity);
    // a damaged library is found when it is read
    Stage.write(files.resolve(library), "damaged");
    assertThat(identityInJar(jars)).isEqualTo(identity);

    var identities = new HashSet<>(Set.of(identity));
    pack(library, Platform.current() + "/18/acme.so");
    assertThat(identities.add(identityInJar(jars))).isTrue();
    Stage.write(files.resolve("acme.control"), "comment = 'new'");
    assertThat(identities.add(identityInJar(jars))).isTrue();
    Stage.write(files.resolve("acme.rules"), "new");
    assertThat(identities.add(identityInJar(jars))).isTrue();
    Stage.write(libc, "01  linux-amd64/libc.so.6\n");
    assertThat(identities.add(identityInJar(jars))).isTrue();
    describe("scripts = acme.control\ndata = acme.rules\nlibraries = acme.so");
    assertThat(identities.add(identityInJar(jars))).isTrue();
  }

  /**
   * Files in a directory can change although the list of hashes stays the same, e.g. if {@code
   * make} is run again.
   */
  @Test
  void doesNotIdentifyFilesInADirectory(@TempDir Path jars) throws Exception {
    describe("scripts = acme.control");
    Stage.write(folder.resolve("META-INF/pg-extension/acme/acme.control"), "");
    assertThat(found().identity()).isEmpty();
    assertThat(identityInJar(jars)).isPresent();
  }

  /** A file of an extension may have the suffix of descriptors. */
  @Test
  void namesOnlyDescriptors() throws Exception {
    Path jar = folder.resolve("acme.jar");
    try (var out = new JarOutputStream(Files.newOutputStream(jar))) {
      for (String file : new String[] {"", "acme.properties", "acme/", "acme/data.properties"}) {
        out.putNextEntry(new ZipEntry("META-INF/pg-extension/" + file));
      }
    }
    assertThat(onClassPath(ClassPathExtension::names, jar))
        .contains("acme")
        .noneMatch(name -> name.contains("/"));
  }

  /** Class loaders ignore a jar whose download was interrupted. */
  @Test
  void reportsJarsThatCannotBeRead() throws IOException {
    Path whole = folder.resolve("whole.jar");
    try (var jar = new JarOutputStream(Files.newOutputStream(whole))) {
      jar.putNextEntry(new ZipEntry("file"));
    }
    byte[] content = Files.readAllBytes(whole);
    Path cut = Files.write(folder.resolve("cut.jar"), Arrays.copyOf(content, content.length - 1));
    String before = System.getProperty("java.class.path");
    System.setProperty(
        "java.class.path",
        String.join(
            File.pathSeparator, whole.toString(), cut.toString(), folder + "/none.jar", "", "x"));
    try {
      assertThatThrownBy(() -> NativeExtension.fromClassPath("acme"))
          .hasMessageContaining(" The jar " + cut + " on the class path cannot be read (")
          .hasMessageNotContaining("whole.jar")
          .hasMessageNotContaining("none.jar");
    } finally {
      System.setProperty("java.class.path", before);
    }
  }
}
