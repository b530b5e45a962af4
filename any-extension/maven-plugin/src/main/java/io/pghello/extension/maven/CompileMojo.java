// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.inject.Inject;
import org.apache.maven.plugin.AbstractMojo;
import org.apache.maven.plugin.MojoExecutionException;
import org.apache.maven.plugin.MojoFailureException;
import org.apache.maven.plugins.annotations.LifecyclePhase;
import org.apache.maven.plugins.annotations.Mojo;
import org.apache.maven.plugins.annotations.Parameter;
import org.eclipse.aether.RepositorySystem;
import org.eclipse.aether.RepositorySystemSession;
import org.eclipse.aether.artifact.DefaultArtifact;
import org.eclipse.aether.repository.RemoteRepository;
import org.eclipse.aether.resolution.ArtifactRequest;
import org.eclipse.aether.resolution.ArtifactResolutionException;
import org.jspecify.annotations.Nullable;

/**
 * Builds an extension for several major versions of PostgreSQL. Runs {@code make all} with the
 * extension's Makefile, and {@code make install} into {@code target/pg-extension/MAJOR/installed}.
 *
 * <p>Each major version is built in a separate copy of the sources, and only if the sources have
 * changed. Builds are reproducible: the same sources in another directory produce the same
 * libraries.
 *
 * <p>Requires Linux, gcc, make and bash. For each major version, uses the headers and PGXS of an
 * installed PostgreSQL, which is found through {@code PG_CONFIG} in the environment, through {@code
 * pg_config} on the path, or in the usual directories of Linux distributions. If none is found, and
 * the system is Debian, the plugin unpacks Debian's packages into {@code ~/.cache/pg-hello}.
 *
 * <p>Builds for other platforms require linux-amd64, and a compiler for each platform. If the build
 * for a platform is not possible, the reason is logged, and the other platforms are built.
 */
@Mojo(name = "compile", defaultPhase = LifecyclePhase.COMPILE, threadSafe = true)
public class CompileMojo extends AbstractMojo {
  /** Directory with the Makefile. */
  @Parameter(property = "pg-extension.source", defaultValue = "${project.basedir}")
  File sourceDirectory = new File("");

  /** Major versions of PostgreSQL to build for. */
  @Parameter(property = "pg-extension.majors", defaultValue = "17")
  List<Integer> majors = List.of();

  /**
   * Platforms to build for: {@code all}, or some of {@code linux-amd64}, {@code linux-arm64},
   * {@code linux-amd64-musl}, {@code linux-arm64-musl}, {@code darwin-arm64}, {@code darwin-amd64}
   * and {@code windows-amd64}. Default: this machine's platform. For other platforms, only C is
   * supported, except for {@code linux-arm64}, which also supports C++.
   */
  @Parameter(property = "pg-extension.platforms")
  List<String> platforms = List.of();

  /**
   * Fail if the build for one of the platforms is not possible. The other platforms are still
   * built.
   */
  @Parameter(property = "pg-extension.require-platforms", defaultValue = "false")
  boolean requirePlatforms;

  /** Treat compiler warnings as errors, like -Wall -Werror. */
  @Parameter(property = "pg-extension.strict", defaultValue = "false")
  boolean strict;

  /**
   * Sanitizers to build with, e.g. {@code address,undefined}. A server that loads an extension
   * built with a sanitizer also needs the sanitizer's library, e.g. in LD_PRELOAD.
   */
  @Parameter(property = "pg-extension.sanitize", defaultValue = "")
  String sanitize = "";

  /** Variables for all calls of make, e.g. {@code USE_ZLIB=1}. */
  @Parameter List<String> makeArguments = List.of();

  /**
   * Symbols that a library for Linux may import although neither the server nor the libraries it
   * needs have them, for example because it is loaded after the library of another extension.
   */
  @Parameter(property = "pg-extension.allowed-symbols")
  List<String> allowedSymbols = List.of();

  /** Skip this goal. */
  @Parameter(property = "pg-extension.skip", defaultValue = "false")
  boolean skip;

  @Parameter(
      defaultValue = "${project.build.directory}/pg-extension",
      readonly = true,
      required = true)
  File buildDirectory = new File("");

  @Inject @Nullable RepositorySystem repositorySystem;

  @Parameter(defaultValue = "${repositorySystemSession}", readonly = true)
  @Nullable RepositorySystemSession repositorySession;

  @Parameter(defaultValue = "${project.remoteProjectRepositories}", readonly = true)
  List<RemoteRepository> repositories = List.of();

  /** Finds the server programs that libraries are linked against. Tests replace this repository. */
  ServerPrograms.Repository servers = this::jar;

  @Override
  public void execute() throws MojoExecutionException, MojoFailureException {
    if (skip) {
      return;
    }
    try {
      majors = Target.majors(majors);
      BuildLock lock = BuildLock.of(buildDirectory.toPath(), getLog()::info);
      try (lock) {
        compile();
      }
    } catch (BuildException | IllegalArgumentException e) {
      throw new MojoFailureException(e.getMessage(), e);
    } catch (IOException | UncheckedIOException e) {
      throw new MojoExecutionException(e.toString(), e);
    }
  }

  private void compile() throws IOException, MojoFailureException, BuildException {
    List<String> wanted = Target.platforms(platforms);
    var packages = new ArrayList<String>();
    var unbuilt = new ArrayList<String>();
    int built = 0;
    for (String platform : wanted) {
      Optional<Target> target = Target.of(platform);
      if (target.isEmpty()) {
        Pgxs pgxs = pgxs(null);
        for (int major : majors) {
          build(pgxs, "PostgreSQL " + major, major);
          built++;
        }
      } else {
        int majorsBuilt = buildOther(target.get(), packages);
        built += majorsBuilt;
        if (majorsBuilt < majors.size()) {
          unbuilt.add(platform);
        }
      }
    }
    if (!packages.isEmpty()) {
      getLog().warn("To build for these platforms too, run: " + Target.install(packages));
    }
    if (!unbuilt.isEmpty() && (requirePlatforms || built == 0)) {
      throw new MojoFailureException(
          "The extension could not be built for "
              + String.join(", ", unbuilt)
              + "; the warnings above contain the reasons. To build without a platform, remove it"
              + " from pg-extension.platforms.");
    }
  }

  private Pgxs pgxs(@Nullable OtherPlatform other) {
    return new Pgxs(
            sourceDirectory.toPath(),
            buildDirectory.toPath(),
            strict,
            sanitize,
            System.getenv(),
            other)
        .withVariables(makeArguments)
        .withServers(new ServerPrograms(servers), allowedSymbols);
  }

  private void build(Pgxs pgxs, String name, int major) throws IOException, BuildException {
    getLog()
        .info(
            pgxs.build(major, getLog()::info)
                ? "Built for " + name
                : "Nothing has changed for " + name);
  }

  /**
   * Builds for another platform. If that is not possible, logs the reason.
   *
   * @param packages a list that receives the names of the packages to install
   * @return the number of major versions that were built
   */
  private int buildOther(Target target, List<String> packages) throws IOException {
    String platform = target.platform();
    Path builds = Target.builds(buildDirectory.toPath(), platform);
    Pgxs pgxs = pgxs(new OtherPlatform(target, new ServerPrograms(servers)));
    try {
      pgxs.requireTools();
    } catch (BuildException e) {
      FileTree.delete(builds);
      packages.addAll(e.packages());
      getLog().warn("Not built for " + platform + ": " + e.getMessage());
      return 0;
    }
    int built = 0;
    for (int major : majors) {
      String name = "PostgreSQL " + major + " on " + platform;
      try {
        build(pgxs, name, major);
        built++;
      } catch (BuildException e) {
        new BuildDirectory(builds, major).discard();
        getLog().warn("Not built for " + name + ": " + e.getMessage());
      }
    }
    return built;
  }

  /** Implements {@link ServerPrograms.Repository} with Maven. */
  private Path jar(String group, String artifact, String version) throws IOException {
    if (repositorySystem == null) {
      throw new IOException("there is no Maven repository");
    }
    try {
      var request = new ArtifactRequest();
      request.setArtifact(new DefaultArtifact(group, artifact, "jar", version));
      request.setRepositories(repositories);
      return repositorySystem
          .resolveArtifact(repositorySession, request)
          .getArtifact()
          .getFile()
          .toPath();
    } catch (ArtifactResolutionException e) {
      throw new IOException(e.getMessage(), e);
    }
  }
}
