// SPDX-License-Identifier: MIT
package io.pghello.extension.testkit.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pghello.extension.testkit.Stage;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
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
    return ClassPathExtension.find("acme").orElseThrow().files(major);
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
  void findsNoneWhereThereIsNone() {
    assertThat(ClassPathExtension.find("acme")).isEmpty();
  }

  /** As threads of a common pool have it. */
  @Test
  void looksWhereItWasLoadedFromAsWell() {
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
  void refusesAFileThatIsNotBelowItsFolder(String file) throws Exception {
    describe("scripts = acme.control, " + file);
    Stage.write(folder.resolve("META-INF/pg-extension/acme/acme.control"), "");
    assertThatThrownBy(() -> onClassPath(() -> files(17), folder))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(
            "META-INF/pg-extension/acme.properties names \"%s\", which is no file below"
                    .formatted(file)
                + " share/postgresql/extension/");
  }

  @Test
  void refusesALibraryThatIsNotBelowItsFolder() throws Exception {
    describe("scripts = acme.control\nlibraries = ../../bin/postgres");
    assertThatThrownBy(() -> onClassPath(() -> files(17), folder))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(
            "names \"../../bin/postgres\", which is no file below lib/postgresql/");
  }

  @Test
  void refusesKeysThatItDoesNotKnow() {
    describe("scripts = acme.control\npreloads = acme");
    assertThatThrownBy(this::found)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("has the key \"preloads\"; known are folder, scripts, data,");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "scripts = other.control", "libraries = acme.so"})
  void refusesADescriptorWithoutItsControlFile(String descriptor) {
    describe(descriptor);
    assertThatThrownBy(this::found)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("does not list acme.control among its scripts");
  }

  @Test
  void refusesTwoOfOneName(@TempDir Path other) throws IOException {
    describe("scripts = acme.control");
    Stage.write(other.resolve("META-INF/pg-extension/acme.properties"), "scripts = acme.control");
    assertThatThrownBy(() -> onClassPath(() -> ClassPathExtension.find("acme"), folder, other))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("The extension \"acme\" is on the class path twice; leave one: ")
        .hasMessageContaining(other.toString());
  }

  @Test
  void saysWhichFileIsMissing() throws Exception {
    describe("scripts = acme.control");
    assertThatThrownBy(() -> onClassPath(() -> files(17), folder))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage(
            "No META-INF/pg-extension/acme/acme.control on the class path, which"
                + " META-INF/pg-extension/acme.properties names.");
  }

  @Test
  void namesWhatThereIsWhereALibraryIsMissing() {
    Optional<ClassPathExtension> found = ClassPathExtension.find("pg_hello");
    assertThatThrownBy(() -> found.orElseThrow().library("pg_hello.so", "linux-riscv64", 17))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageStartingWith(
            "The extension \"pg_hello\" has no library for PostgreSQL 17 on linux-riscv64, only for"
                + " linux-amd64/15, ");
  }

  @Test
  void refusesALibraryThatIsNotTheOneThatWasPacked() throws Exception {
    describe("scripts = acme.control\nlibraries = acme.so");
    Path files = folder.resolve("META-INF/pg-extension/acme");
    Stage.write(files.resolve("acme.control"), "");
    String build = Platform.current() + "/17";
    Stage.write(files.resolve(build + "/acme.so"), "changed");
    Stage.write(files.resolve("SHA256SUMS"), "00  " + build + "/acme.so\n");
    assertThatThrownBy(() -> onClassPath(() -> files(17), folder))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("/acme.so is not what SHA256SUMS says");
  }
}
