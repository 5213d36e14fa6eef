/** The English words about people. */
export const PEOPLE_ENGLISH = {
  profile: "Profile",
  profileOf: (name: string): string => `Profile of ${name}`,
  myProfile: "My profile",
  title: "Job",
  department: "Department",
  statusText: "Status",
  statusHint: "What are you up to?",
  message: "Message",
  choosePicture: "Choose a picture",
  removePicture: "Remove the picture",
  directory: "Directory",
  wholeDirectory: "Everybody",
  departments: "Departments",
  colleagues: "People",
  peopleIn: (count: number): string => (count === 1 ? "1 person" : `${count} people`),
  nobodyHere: "Nobody is in this department.",
};
