// SPDX-License-Identifier: MIT
package io.pghello.extension.maven;

/** Another platform, with the server programs that its libraries are linked against. */
record OtherPlatform(Target platform, ServerPrograms servers) {}
