// SPDX-License-Identifier: MIT
package io.pghello.extension.launcher;

import java.io.File;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;

/** Runs the installer in the jar that contains this class. */
public final class Launcher {
  private Launcher() {}

  /**
   * Runs the installer, and ends the JVM with the installer's exit status.
   *
   * @param arguments the arguments that {@code --help} describes
   * @throws ReflectiveOperationException if the jar is incomplete
   */
  public static void main(String[] arguments) throws Exception {
    URI jar = Launcher.class.getProtectionDomain().getCodeSource().getLocation().toURI();
    URL classes = URI.create("jar:" + jar + "!/META-INF/pg-extension-installer/").toURL();
    try (var loader = new URLClassLoader(new URL[] {classes})) {
      loader
          .loadClass("io.pghello.extension.installer.Installer")
          .getMethod("main", File.class, String[].class)
          .invoke(null, new File(jar), arguments);
    }
  }
}
