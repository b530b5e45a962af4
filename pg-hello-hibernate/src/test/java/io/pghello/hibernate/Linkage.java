// SPDX-License-Identifier: MIT
package io.pghello.hibernate;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodHandles.Lookup;
import java.lang.invoke.MethodType;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.Handle;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;
import org.objectweb.asm.commons.ClassRemapper;
import org.objectweb.asm.commons.Remapper;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.FieldInsnNode;
import org.objectweb.asm.tree.InvokeDynamicInsnNode;
import org.objectweb.asm.tree.MethodInsnNode;
import org.objectweb.asm.tree.MethodNode;

/**
 * Finds unresolvable names in class files. The JVM resolves a name when its code runs; this class
 * resolves all names immediately, with a {@link Lookup} of the class itself.
 */
final class Linkage {
  private final ClassLoader loader;
  private final Set<String> problems = new TreeSet<>();

  private Linkage(ClassLoader loader) {
    this.loader = loader;
  }

  /** Returns the unresolvable names in the class files of a type's package and its subpackages. */
  static Set<String> problems(Class<?> type) throws Exception {
    Path folderOrJar = Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
    String folder = type.getPackageName().replace('.', '/');
    if (Files.isDirectory(folderOrJar)) {
      return problems(folderOrJar.resolve(folder), type.getClassLoader());
    }
    try (FileSystem jar = FileSystems.newFileSystem(folderOrJar)) {
      return problems(jar.getPath("/", folder), type.getClassLoader());
    }
  }

  /** Returns the unresolvable names in the class files of a directory. */
  static Set<String> problems(Path folder, ClassLoader loader) throws Exception {
    List<Path> files;
    try (Stream<Path> all = Files.walk(folder)) {
      files = all.filter(file -> file.toString().endsWith(".class")).toList();
    }
    if (files.isEmpty()) {
      throw new IOException("no class files in " + folder);
    }
    var linkage = new Linkage(loader);
    for (Path file : files) {
      linkage.check(Files.readAllBytes(file));
    }
    return linkage.problems;
  }

  private interface Check {
    void run() throws ReflectiveOperationException;
  }

  private void check(byte[] classFile) {
    var code = new ClassNode();
    var names = new Names();
    new ClassReader(classFile).accept(new ClassRemapper(code, names), 0);
    String name = Type.getObjectType(code.name).getClassName();
    attempt(
        name,
        () -> {
          // its supertypes and verification errors
          Class<?> type = Class.forName(name, true, loader);
          Lookup lookup = MethodHandles.privateLookupIn(type, MethodHandles.lookup());
          names.check(name, lookup);
          if (!Modifier.isAbstract(type.getModifiers())) {
            abstractMethods(type, method -> true)
                .forEach(method -> problems.add(name + " does not implement " + method));
          }
          for (MethodNode method : code.methods) {
            for (AbstractInsnNode instruction : method.instructions) {
              check(name + '.' + method.name, lookup, instruction);
            }
          }
        });
  }

  private void attempt(String where, Check check) {
    try {
      check.run();
    } catch (ReflectiveOperationException | LinkageError | TypeNotPresentException e) {
      problems.add(where + ": " + e);
    }
  }

  /** All types in a class file, including annotations, generics and array elements. */
  private final class Names extends Remapper {
    private record Element(String annotation, String name) {}

    private final Set<String> types = new TreeSet<>();
    private final Set<Element> elements = new HashSet<>();

    Names() {
      super(Opcodes.ASM9);
    }

    @Override
    public String map(String internalName) {
      types.add(internalName);
      return internalName;
    }

    @Override
    public String mapAnnotationAttributeName(String descriptor, String name) {
      elements.add(new Element(descriptor, name));
      return name;
    }

    void check(String where, Lookup lookup) {
      for (String type : types) {
        attempt(where, () -> lookup.findClass(Type.getObjectType(type).getClassName()));
      }
      for (Element element : elements) {
        attempt(where, () -> type(element.annotation).getMethod(element.name));
      }
    }
  }

  private void check(String where, Lookup lookup, AbstractInsnNode instruction) {
    if (instruction instanceof FieldInsnNode field) {
      boolean isStatic =
          field.getOpcode() == Opcodes.GETSTATIC || field.getOpcode() == Opcodes.PUTSTATIC;
      int tag = isStatic ? Opcodes.H_GETSTATIC : Opcodes.H_GETFIELD;
      check(where, lookup, new Handle(tag, field.owner, field.name, field.desc, false));
    } else if (instruction instanceof MethodInsnNode method) {
      int tag =
          switch (method.getOpcode()) {
            case Opcodes.INVOKESTATIC -> Opcodes.H_INVOKESTATIC;
            case Opcodes.INVOKESPECIAL ->
                method.name.equals("<init>") ? Opcodes.H_NEWINVOKESPECIAL : Opcodes.H_INVOKESPECIAL;
            default -> Opcodes.H_INVOKEVIRTUAL;
          };
      check(where, lookup, new Handle(tag, method.owner, method.name, method.desc, method.itf));
    } else if (instruction instanceof InvokeDynamicInsnNode dynamic) {
      for (Object argument : dynamic.bsmArgs) {
        if (argument instanceof Handle handle) {
          check(where, lookup, handle);
        }
      }
      if (dynamic.bsm.getOwner().equals("java/lang/invoke/LambdaMetafactory")) {
        checkLambda(where, dynamic);
      }
    }
  }

  private void check(String where, Lookup lookup, Handle name) {
    attempt(
        where,
        () -> {
          Class<?> owner = type(Type.getObjectType(name.getOwner()).getDescriptor());
          if (owner.getClassLoader() == null) {
            // skip the JDK, which the compiler has checked; some of its methods are
            // caller-sensitive
            return;
          }
          if (name.getTag() <= Opcodes.H_PUTSTATIC) {
            findField(lookup, owner, name);
          } else {
            findMethod(lookup, owner, name);
          }
        });
  }

  private Object findField(Lookup lookup, Class<?> owner, Handle name)
      throws ReflectiveOperationException {
    Class<?> type = type(name.getDesc());
    return name.getTag() == Opcodes.H_GETSTATIC
        ? lookup.findStaticGetter(owner, name.getName(), type)
        : lookup.findGetter(owner, name.getName(), type);
  }

  private Object findMethod(Lookup lookup, Class<?> owner, Handle name)
      throws ReflectiveOperationException {
    if (owner.isInterface() != name.isInterface()) {
      throw new IncompatibleClassChangeError(
          owner.getName() + (owner.isInterface() ? " is an interface" : " is a class"));
    }
    MethodType type = MethodType.fromMethodDescriptorString(name.getDesc(), loader);
    return switch (name.getTag()) {
      case Opcodes.H_INVOKESTATIC -> lookup.findStatic(owner, name.getName(), type);
      case Opcodes.H_INVOKESPECIAL ->
          lookup.findSpecial(owner, name.getName(), type, lookup.lookupClass());
      // a lookup does not find protected constructors, which constructors may call
      case Opcodes.H_NEWINVOKESPECIAL ->
          owner == lookup.lookupClass().getSuperclass()
              ? owner.getDeclaredConstructor(type.parameterArray())
              : lookup.findConstructor(owner, type);
      default -> lookup.findVirtual(owner, name.getName(), type);
    };
  }

  /** A lambda implements one method. */
  private void checkLambda(String where, InvokeDynamicInsnNode lambda) {
    attempt(
        where,
        () ->
            abstractMethods(
                    type(Type.getReturnType(lambda.desc).getDescriptor()),
                    method ->
                        !method.getName().equals(lambda.name)
                            || !Arrays.asList(lambda.bsmArgs).contains(Type.getType(method)))
                .forEach(
                    method -> problems.add(where + ": a lambda does not implement " + method)));
  }

  private static Stream<Method> abstractMethods(Class<?> type, Predicate<Method> which) {
    return Arrays.stream(type.getMethods())
        .filter(method -> Modifier.isAbstract(method.getModifiers()))
        .filter(method -> !isOfObject(method))
        .filter(which);
  }

  private static boolean isOfObject(Method method) {
    try {
      Object.class.getMethod(method.getName(), method.getParameterTypes());
      return true;
    } catch (NoSuchMethodException e) {
      return false;
    }
  }

  private Class<?> type(String descriptor) {
    return MethodType.fromMethodDescriptorString("()" + descriptor, loader).returnType();
  }
}
