// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import org.apache.maven.plugin.AbstractMojo;
import org.apache.maven.plugin.MojoExecutionException;
import org.apache.maven.plugin.MojoFailureException;
import org.apache.maven.plugins.annotations.LifecyclePhase;
import org.apache.maven.plugins.annotations.Mojo;
import org.apache.maven.plugins.annotations.Parameter;

/**
 * Builds an extension for PostgreSQL majors as its Makefile says: {@code make all}, and {@code make
 * install} into {@code target/pg-extension/MAJOR/installed}. This happens in a copy, so that the
 * majors do not meet; what has not changed is not built again. The same sources make the same
 * libraries, wherever they are.
 *
 * <p>Headers and PGXS are those of an installed PostgreSQL of the major ({@code PG_CONFIG} in the
 * environment, {@code pg_config}, or where distributions have it). On Debian, if there is none,
 * they are unpacked out of its packages, into {@code ~/.cache/pg-hello}. Needs gcc, make and bash,
 * and runs on Linux.
 */
@Mojo(name = "compile", defaultPhase = LifecyclePhase.COMPILE, threadSafe = true)
public class CompileMojo extends AbstractMojo {
  /** The folder with the Makefile. */
  @Parameter(property = "pg-extension.source", defaultValue = "${project.basedir}")
  File sourceDirectory = new File("");

  /** The majors to build for. */
  @Parameter(property = "pg-extension.majors", defaultValue = "17")
  List<Integer> majors = List.of();

  /** Whether a warning of the compiler is an error, as with -Wall -Werror. */
  @Parameter(property = "pg-extension.strict", defaultValue = "false")
  boolean strict;

  /**
   * Sanitizers to build with, as in {@code address,undefined}. A server that loads such a library
   * needs the sanitizer's own, as in LD_PRELOAD.
   */
  @Parameter(property = "pg-extension.sanitize", defaultValue = "")
  String sanitize = "";

  /** Does nothing. */
  @Parameter(property = "pg-extension.skip", defaultValue = "false")
  boolean skip;

  @Parameter(
      defaultValue = "${project.build.directory}/pg-extension",
      readonly = true,
      required = true)
  File buildDirectory = new File("");

  @Override
  public void execute() throws MojoExecutionException, MojoFailureException {
    if (skip) {
      return;
    }
    try {
      var pgxs =
          new Pgxs(
              sourceDirectory.toPath(), buildDirectory.toPath(), strict, sanitize, System.getenv());
      for (int major : majors) {
        getLog()
            .info(
                pgxs.build(major, getLog()::info)
                    ? "Built for PostgreSQL " + major
                    : "Nothing has changed for PostgreSQL " + major);
      }
    } catch (Pgxs.BuildException e) {
      throw new MojoFailureException(e.getMessage(), e);
    } catch (IOException | UncheckedIOException e) {
      throw new MojoExecutionException(e.toString(), e);
    }
  }
}
