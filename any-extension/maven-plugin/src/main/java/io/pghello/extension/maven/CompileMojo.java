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
 * Builds an extension for several major versions of PostgreSQL with its Makefile: {@code make all},
 * and {@code make install} into {@code target/pg-extension/MAJOR/installed}. Each major version is
 * built in a separate copy of the sources, and only if they have changed. Builds are reproducible:
 * the same sources in another directory produce the same libraries.
 *
 * <p>Uses the headers and PGXS of an installed PostgreSQL with this major version ({@code
 * PG_CONFIG} in the environment, {@code pg_config}, or the directories of distributions). If there
 * is none on Debian, its packages are unpacked into {@code ~/.cache/pg-hello}. Requires Linux, gcc,
 * make and bash.
 */
@Mojo(name = "compile", defaultPhase = LifecyclePhase.COMPILE, threadSafe = true)
public class CompileMojo extends AbstractMojo {
  /** Directory with the Makefile. */
  @Parameter(property = "pg-extension.source", defaultValue = "${project.basedir}")
  File sourceDirectory = new File("");

  /** Major versions of PostgreSQL to build for. */
  @Parameter(property = "pg-extension.majors", defaultValue = "17")
  List<Integer> majors = List.of();

  /** Treat compiler warnings as errors, like -Wall -Werror. */
  @Parameter(property = "pg-extension.strict", defaultValue = "false")
  boolean strict;

  /**
   * Sanitizers to build with, e.g. {@code address,undefined}. A server that loads such a library
   * also needs the sanitizer's library, e.g. in LD_PRELOAD.
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
