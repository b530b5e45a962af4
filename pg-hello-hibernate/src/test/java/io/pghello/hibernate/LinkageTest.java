// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Tests programs that are compiled with one release of a library and linked with another release.
 */
class LinkageTest {
  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "void m() {} | | void f(Lib l) { l.m(); } | User.f: .*no such method: Lib.m",
        "void m() {} | | Runnable f(Lib l) { return l::m; } | User.f: .*no such method: Lib.m",
        "void m() {} | | Runnable f(Lib l) { return () -> l.m(); } | User.lambda.f.0: .*Lib.m",
        "int m() { return 1; } | long m() { return 1; } | int f(Lib l) { return l.m(); } |"
            + " User.f: .*no such method: Lib.m",
        "void m(int i) {} | void m(long i) {} | void f(Lib l) { l.m(1); } | User.f: .*Lib.m",
        "static void m() {} | void m() {} | void f() { Lib.m(); } | User.f: .*Lib.m",
        "void m() {} | static void m() {} | void f(Lib l) { l.m(); } | User.f: .*Lib.m",
        "void m() {} | private void m() {} | void f(Lib l) { l.m(); } | User.f: .*Lib.m",
        "Lib(int i) {} | | Lib f() { return new Lib(1); } | User.f: .*Lib.<init>",
        "int i; | | int f(Lib l) { return l.i; } | User.f: .*no such field: Lib.i",
        "int i; | long i; | void f(Lib l) { l.i = 1; } | User.f: .*no such field: Lib.i",
        "static int i; | int i; | int f() { return Lib.i; } | User.f: .*Lib.i",
        "static class In {} | | boolean f(Object o) { return o instanceof Lib.In; } |"
            + " User: .*Lib.In",
        "static class In {} | | void f(java.util.List<Lib.In> l) {} | User: .*Lib.In",
        "static class In {} | | static class Sub extends Lib.In {} | User.Sub: .*Lib.In",
        "static class In {} | static final class In {} | static class Sub extends Lib.In {} |"
            + " User.Sub: .*final",
        "static class In { void m() {} } | interface In { void m(); } |"
            + " void f(Lib.In l) { l.m(); } | User.f: .*Lib.In is an interface",
        "static class In { void m() {} } | static class In { final void m() {} } |"
            + " static class Sub extends Lib.In { void m() {} } | User.Sub: .*overrides final",
        "static class In { In(int i) {} } | static class In { In(long i) {} } |"
            + " static class Sub extends Lib.In { Sub() { super(1); } } | User.Sub.<init>: .*In",
        "static class In { protected void m() {} } | static class In {} |"
            + " static class Sub extends Lib.In { void f() { super.m(); } } | User.Sub.f: .*m",
        "static class In {} static class Two extends In {} | static class In {} static class Two {} |"
            + " static abstract class A { static Lib.In f(Lib.Two l) { return l; } } |"
            + " User.A: .*VerifyError",
        "interface In {} | interface In { void m(); } | static class Sub implements Lib.In {} |"
            + " User.Sub does not implement .*Lib.In.m",
        "interface In { void m(); } | interface In { void m(); void n(); } |"
            + " Lib.In f() { return () -> {}; } | User.f: a lambda does not implement .*In.n",
        "interface In { void m(int i); } | interface In { void m(long i); } |"
            + " Lib.In f() { return i -> {}; } | User.f: a lambda does not implement .*In.m",
        "@interface In {} | | @Lib.In void f() {} | User: .*Lib.In",
        "@interface In { int i(); } | @interface In {} | @Lib.In(i = 1) void f() {} |"
            + " User: .*Lib.In.i"
      })
  void findsMissingNames(String before, String now, String user, String problem) throws Exception {
    assertThat(linked(before, now == null ? "" : now, user))
        .anySatisfy(found -> assertThat(found).containsPattern("^" + problem));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "void m() {} | public void m() {} void n() {} | void f(Lib l) { l.m(); }",
        "static class In { void m() {} } static class Two extends In { void m() {} } |"
            + " static class In { void m() {} } static class Two extends In {} |"
            + " void f(Lib.Two l) { l.m(); }",
        "interface In { void m(); } | interface In { void m(); default void n() {} } |"
            + " Lib.In f() { return () -> {}; } static class Sub implements Lib.In {"
            + " public void m() {} }",
        "static abstract class In<T> { protected In() {} abstract void m(T t); } |"
            + " static abstract class In<T> { protected In() {} abstract void m(T t); } |"
            + " static class Sub extends Lib.In<String> { void m(String s) {} }",
        "static int i; | static int i; | enum E { A { int v() { return Lib.i; } }; int v() {"
            + " return 0; } } record R(E[] e) { R { e = e.clone(); } private void p() {} }"
            + " void f(R r) { r.p(); switch (r.e[0]) { case A: Lib.i = 1; } }",
        "static int i; | static int i; | java.util.Comparator<String> f() {"
            + " return (a, b) -> Lib.i; }"
      })
  void findsNothingIfNothingIsMissing(String before, String now, String user) throws Exception {
    assertThat(linked(before, now, user)).isEmpty();
  }

  @Test
  void rejectsADirectoryWithoutClasses() {
    assertThatThrownBy(() -> Linkage.problems(folder, getClass().getClassLoader()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("no class files");
  }

  /** Returns the missing names after {@code now} has replaced {@code before}. */
  private Set<String> linked(String before, String now, String user) throws Exception {
    Path compiledWith = compile("before", "Lib", before, folder);
    Path classes = compile("user", "User", user, compiledWith);
    Path linkedWith = compile("now", "Lib", now, folder);
    URL[] path = {linkedWith.toUri().toURL(), classes.toUri().toURL()};
    try (var loader = new URLClassLoader(path, null)) {
      return Linkage.problems(classes, loader);
    }
  }

  private Path compile(String name, String type, String body, Path library) throws IOException {
    Path source = folder.resolve(type + ".java");
    Files.writeString(source, "class " + type + " { " + body + " }");
    Path classes = folder.resolve(name);
    var log = new ByteArrayOutputStream();
    String[] arguments = {
      "-cp", library.toString(), "-d", classes.toString(), "-encoding", "UTF-8", source.toString()
    };
    int status = ToolProvider.getSystemJavaCompiler().run(null, null, log, arguments);
    assertThat(status).as(log.toString(StandardCharsets.UTF_8)).isZero();
    return classes;
  }
}
