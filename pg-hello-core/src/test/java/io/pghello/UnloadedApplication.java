// SPDX-License-Identifier: MIT
package io.pghello;

import io.pghello.extension.ExtensionDescription;
import io.pghello.extension.batching.ConnectionSource;
import io.pghello.extension.batching.FunctionCallException;
import io.pghello.extension.batching.FunctionCallException.Code;
import java.lang.ref.WeakReference;
import java.net.URL;
import java.net.URLClassLoader;
import java.sql.SQLException;
import java.util.concurrent.atomic.AtomicReference;

/**
 * A program that runs an application with a client. Exits with 0 if the application can be garbage
 * collected afterwards.
 */
final class UnloadedApplication {
  private static final int ATTEMPTS = 400;
  private static final long PAUSE_MILLIS = 200;

  private UnloadedApplication() {}

  public static void main(String... arguments) throws Exception {
    WeakReference<ClassLoader> application = runApplication();
    for (int i = 0; i < ATTEMPTS && application.get() != null; i++) {
      System.gc();
      Thread.sleep(PAUSE_MILLIS);
    }
    System.exit(application.get() == null ? 0 : 1);
  }

  /** Runs the application in a separate thread, with a separate class loader, like a server. */
  private static WeakReference<ClassLoader> runApplication() throws Exception {
    ClassLoader ours = UnloadedApplication.class.getClassLoader();
    var others =
        new ClassLoader(null) {
          @Override
          protected Class<?> findClass(String name) throws ClassNotFoundException {
            if (name.startsWith("io.pghello.")) {
              throw new ClassNotFoundException(name);
            }
            return ours.loadClass(name);
          }
        };
    URL[] places = {
      PgHelloClient.class.getProtectionDomain().getCodeSource().getLocation(),
      ExtensionDescription.class.getProtectionDomain().getCodeSource().getLocation(),
      FunctionCallException.class.getProtectionDomain().getCodeSource().getLocation(),
      UnloadedApplication.class.getProtectionDomain().getCodeSource().getLocation()
    };
    var loader = new URLClassLoader(places, others);
    Class<?> type = Class.forName(Application.class.getName(), true, loader);
    if (!loader.equals(type.getClassLoader())) {
      throw new AssertionError("loaded by another class loader");
    }
    var thread = new Thread((Runnable) type.getDeclaredConstructor().newInstance());
    thread.setContextClassLoader(loader);
    var failure = new AtomicReference<Throwable>();
    thread.setUncaughtExceptionHandler((failed, thrown) -> failure.set(thrown));
    thread.start();
    thread.join();
    if (failure.get() != null) {
      throw new AssertionError("the application failed", failure.get());
    }
    loader.close();
    return new WeakReference<>(loader);
  }

  /** Makes blocking and asynchronous calls, which fail. */
  public static final class Application implements Runnable {
    @Override
    public void run() {
      ConnectionSource source =
          () -> {
            throw new SQLException("none");
          };
      try (var client = PgHelloClient.builder().connections(source).build()) {
        try {
          throw new AssertionError(client.hello("Ada"));
        } catch (FunctionCallException e) {
          if (e.code() != Code.CONNECTION_UNAVAILABLE) {
            throw e;
          }
        }
        var unused = client.helloAsync("Ada").handle((greeting, error) -> "").join();
      }
    }
  }
}
